//! What a contact is called, from whichever property tells it.

/// The names that a card offers.
#[derive(Default)]
pub(crate) struct Names {
    /// `FN`, as the owner wrote it.
    pub(crate) full: String,
    /// `N`: family; given; additional; prefixes; suffixes.
    pub(crate) parts: String,
    /// `NICKNAME`.
    pub(crate) nick: String,
    /// `ORG`.
    pub(crate) company: String,
}

impl Names {
    /// The best of them; empty where the card has none.
    pub(crate) fn best(self) -> String {
        let company = self.company.trim_matches([';', ' ']).replace(';', ", ");
        let candidates = [self.full.trim().to_owned(), joined(&self.parts), self.nick.trim().to_owned(), company];
        candidates.into_iter().find(|name| !name.is_empty()).unwrap_or_default()
    }
}

/// Joins the parts of a name in the order in which its language says it.
fn joined(parts: &str) -> String {
    let mut parts = parts.split(';').map(str::trim);
    let mut next = || parts.next().unwrap_or_default();
    let [family, given, additional, prefix, suffix] = [next(), next(), next(), next(), next()];
    if [family, given].iter().any(|part| part.chars().any(is_cjk)) {
        return [prefix, family, additional, given, suffix].concat();
    }
    let words = [prefix, given, additional, family, suffix];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether a character belongs to a script whose names put the family first, without a space.
fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_joined_as_the_language_says_them() {
        let cases = [
            ("张;三;;;", "张三"),
            ("Quinlan;John;Q.;Mr.;Esq.", "Mr. John Q. Quinlan Esq."),
            ("Solo", "Solo"),
            (";;;;", ""),
        ];
        for (parts, name) in cases {
            assert_eq!(joined(parts), name);
        }
    }

    #[test]
    fn the_full_name_wins_and_the_company_is_the_last_resort() {
        let names = Names { full: " 小明 ".into(), parts: "王;明".into(), ..Names::default() };
        assert_eq!(names.best(), "小明");
        assert_eq!(Names { company: "某公司;销售".into(), ..Names::default() }.best(), "某公司, 销售");
    }
}
