//! Values as text: quoted-printable and foreign character sets resolved.

use encoding_rs::{Encoding, UTF_8};
use vcard::tree::{line::VcardLine, value::cursor::VcardValueCursor};

/// The longest value that is read as text; photos are longer, but nobody reads them here.
const MAX_TEXT_BYTES: usize = 64 << 10;

/// Reads a line's value, or tells a reason why it cannot be read.
pub(crate) fn text(line: &mut VcardLine<'_>) -> Result<String, String> {
    let encoding = encoding(line)?;
    let bytes = VcardValueCursor { line }.quoted_printable();
    if bytes.len() > MAX_TEXT_BYTES {
        return Err(format!("the value takes {} bytes and at most {MAX_TEXT_BYTES} are read", bytes.len()));
    }
    let Some(encoding) = encoding else {
        return String::from_utf8(bytes).map_err(|_| "the text is not UTF-8 and names no CHARSET".to_owned());
    };
    match encoding.decode_without_bom_handling(&bytes) {
        (_, true) => Err(format!("the text is not {}, as its CHARSET says", encoding.name())),
        (text, false) => Ok(text.into_owned()),
    }
}

/// The character set that a line names, or none; an unknown one is an error.
pub(crate) fn encoding(line: &VcardLine<'_>) -> Result<Option<&'static Encoding>, String> {
    let Some(label) = parameter(line, "CHARSET") else { return Ok(None) };
    let label = label.trim_matches('"');
    let ascii = label.eq_ignore_ascii_case("US-ASCII") || label.is_empty();
    let encoding = if ascii { Some(UTF_8) } else { Encoding::for_label(label.as_bytes()) };
    encoding.map(Some).ok_or_else(|| format!("the CHARSET {label:.24} is not known"))
}

/// Whether a line's value is quoted-printable.
pub(crate) fn is_quoted_printable(line: &VcardLine<'_>) -> bool {
    let bare = |name: &str| name.eq_ignore_ascii_case("QUOTED-PRINTABLE");
    parameter(line, "ENCODING").is_some_and(bare) || line.params.iter().any(|param| bare(param.name.get()))
}

/// The first value of a parameter.
pub(crate) fn parameter<'l>(line: &'l VcardLine<'_>, name: &str) -> Option<&'l str> {
    let param = line.params.iter().find(|param| param.name.get().eq_ignore_ascii_case(name))?;
    param.values.first().map(vcard::tree::leaf::VcardLeaf::get)
}
