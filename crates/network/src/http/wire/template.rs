//! Texts with holes, which the number and the date of a question fill.

/// What fills a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Hole {
    /// The number, in the profile's format.
    Number,
    /// Every number of a batch.
    Numbers,
    /// The date since when a number may have been recycled.
    Since,
    /// The account's name.
    User,
    /// The account's secret.
    Password,
}

impl Hole {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Number, "{number}"),
        (Self::Numbers, "{numbers}"),
        (Self::Since, "{since}"),
        (Self::User, "{user}"),
        (Self::Password, "{password}"),
    ];
}

/// A text that was taken apart once, so that filling it is all that a question costs.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct Template(Vec<Piece>);

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Hole(Hole),
}

impl Template {
    /// A text as it stands in a profile.
    pub(in crate::http) fn plain(text: &str) -> Self {
        Self::of(text, str::to_owned)
    }

    /// A text whose holes were encoded with everything around them, as in a form.
    pub(in crate::http) fn encoded(text: &str) -> Self {
        Self::of(text, |mark| mark.replace('{', "%7B").replace('}', "%7D"))
    }

    /// JSON in which the list of numbers, with its quotation marks, makes room for values.
    pub(in crate::http) fn json(text: &str) -> Self {
        Self::of(text, |mark| if mark == "{numbers}" { format!("\"{mark}\"") } else { mark.to_owned() })
    }

    fn of(text: &str, written: impl Fn(&str) -> String) -> Self {
        let (mut pieces, mut rest) = (Vec::new(), text);
        let marks = Hole::ALL.map(|(hole, mark)| (hole, written(mark)));
        let next = |rest: &str| {
            let found = marks.iter().filter_map(|(hole, mark)| Some((rest.find(mark)?, mark.len(), *hole)));
            found.min_by_key(|(at, ..)| *at)
        };
        while let Some((at, length, hole)) = next(rest) {
            pieces.extend([Piece::Text(rest[..at].to_owned()), Piece::Hole(hole)]);
            rest = &rest[at + length..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Self(pieces)
    }

    /// Whether there is such a hole.
    pub(in crate::http) fn has(&self, hole: Hole) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Hole(own) if *own == hole))
    }

    /// The same with some holes filled for good; `None` leaves one open.
    pub(in crate::http) fn partly(self, fill: impl Fn(Hole) -> Option<String>) -> Self {
        let filled = self.0.into_iter().map(|piece| match piece {
            Piece::Hole(hole) => fill(hole).map_or(Piece::Hole(hole), Piece::Text),
            text @ Piece::Text(_) => text,
        });
        Self(filled.collect())
    }

    /// The text with its holes filled.
    pub(in crate::http) fn filled<'a>(&self, fill: impl Fn(Hole) -> &'a str) -> String {
        let mut whole = String::new();
        for piece in &self.0 {
            whole.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Hole(hole) => fill(*hole),
            });
        }
        whole
    }
}

/// The first thing in braces that is none of the holes that are allowed.
pub(in crate::http) fn stray<'a>(text: &'a str, allowed: &[Hole]) -> Option<&'a str> {
    let from = text.find('{')?;
    let rest = &text[from..];
    let mark = &rest[..=rest.find('}')?];
    let known = Hole::ALL.iter().any(|(hole, written)| *written == mark && allowed.contains(hole));
    if known { stray(&rest[mark.len()..], allowed) } else { Some(mark) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_where_they_stand() {
        let fill = |hole| match hole {
            Hole::Number => "138",
            Hole::Numbers => "[1,2]",
            _ => "",
        };
        assert_eq!(Template::plain("/p/{number}/{numbered}{since}").filled(fill), "/p/138/{numbered}");
        assert_eq!(Template::encoded("a=%7Bnumber%7D&b=1").filled(fill), "a=138&b=1");
        assert_eq!(Template::json(r#"{"a":"{numbers}","b":"{number}"}"#).filled(fill), r#"{"a":[1,2],"b":"138"}"#);
        let half = Template::plain("{user}:{number}").partly(|hole| (hole == Hole::User).then(|| "{number}".into()));
        assert_eq!(half.filled(fill), "{number}:138", "what fills a hole has none");
    }

    #[test]
    fn other_words_in_braces_are_found() {
        assert_eq!(stray("/x/{number}?{nummer}", &[Hole::Number]), Some("{nummer}"));
        assert_eq!(stray("{since}", &[Hole::Number]), Some("{since}"));
        assert_eq!(stray("{number} {", &[Hole::Number]), None);
    }
}
