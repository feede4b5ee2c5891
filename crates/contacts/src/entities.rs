//! XML references as the app writes them: emoji come as two references to the halves of a UTF-16 pair, which XML
//! forbids. Whatever is no reference stays as it is written.

/// Resolves the references in a value.
pub(crate) fn unescaped(value: &str) -> String {
    let (mut units, mut rest) = (Vec::new(), value);
    while let Some(at) = rest.find('&') {
        units.extend(rest[..at].encode_utf16());
        let (entity, behind) = rest[at + 1..].split_once(';').unwrap_or_default();
        if push(&mut units, entity) {
            rest = behind;
        } else {
            units.push(u16::from(b'&'));
            rest = &rest[at + 1..];
        }
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}

fn push(units: &mut Vec<u16>, entity: &str) -> bool {
    let named = [("amp", b'&'), ("lt", b'<'), ("gt", b'>'), ("quot", b'"'), ("apos", b'\'')];
    if let Some((_, byte)) = named.into_iter().find(|(name, _)| *name == entity) {
        units.push(u16::from(byte));
        return true;
    }
    let Some(code) = entity.strip_prefix('#').and_then(number) else { return false };
    match (u16::try_from(code), char::from_u32(code)) {
        (Ok(unit), _) => units.push(unit),
        (_, Some(c)) => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
        _ => return false,
    }
    true
}

fn number(digits: &str) -> Option<u32> {
    match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_and_the_rest_stays() {
        let cases = [
            ("a &lt;b&gt; &amp;amp; &apos;", "a <b> &amp; '"),
            ("&#x738B;&#23567;&#128512;&#55357;&#56832;", "王小😀😀"),
            ("&unknown; & &#; &#x110000; &", "&unknown; & &#; &#x110000; &"),
            ("王", "王"),
        ];
        for (value, text) in cases {
            assert_eq!(unescaped(value), text);
        }
    }
}
