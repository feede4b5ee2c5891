//! The ways in which phones and services write a contact down.

/// A contact before it is written down.
pub(super) struct Contact {
    /// The family's name.
    pub(super) family: String,
    /// The rest of the name.
    pub(super) given: String,
    /// The numbers, each as its owner wrote it.
    pub(super) numbers: Vec<String>,
}

impl Contact {
    /// The name as a card shows it.
    pub(super) fn name(&self) -> String {
        let chinese = self.family.chars().all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        if chinese { format!("{}{}", self.family, self.given) } else { format!("{} {}", self.given, self.family) }
    }

    /// A text for each number, one after the other.
    fn each(&self, text: impl Fn(usize, &str) -> String) -> String {
        let texts = self.numbers.iter().enumerate().map(|(at, number)| text(at, number));
        texts.collect::<Vec<_>>().concat()
    }
}

/// Android: 2.1, quoted-printable with soft breaks, the photo folded and closed by a blank line.
pub(super) fn android(contact: &Contact, photo: Option<&str>) -> Vec<u8> {
    let head = "CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:";
    let (family, given) = (quoted(&contact.family, 99), quoted(&contact.given, 99));
    let name = quoted(&contact.name(), 8);
    let kind = |at| if at == 0 { "CELL;PREF" } else { "WORK" };
    let numbers = contact.each(|at, number| format!("TEL;{}:{number}\r\n", kind(at)));
    let photo = photo.map(|photo| format!("PHOTO;ENCODING=BASE64;JPEG:{}\r\n\r\n", folded_photo(photo)));
    let photo = photo.unwrap_or_default();
    format!(
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN;{head}{family};{given};;;\r\nFN;{head}{name}\r\n{numbers}{photo}END:VCARD\r\n"
    )
    .into_bytes()
}

/// iPhone: 3.0, labels beside the numbers, the numbers between marks of the writing direction.
pub(super) fn iphone(contact: &Contact, photo: Option<&str>, uid: u64) -> Vec<u8> {
    let (Contact { family, given, .. }, name, uid) = (contact, contact.name(), uuid(uid));
    let label = |at| if at == 0 { "_$!<Mobile>!$_" } else { "老号码" };
    let numbers = contact.each(|at, number| {
        format!("item{at}.TEL;type=pref:\u{202d}{number}\u{202c}\r\nitem{at}.X-ABLabel:{}\r\n", label(at))
    });
    let photo = photo.map(|photo| format!("PHOTO;ENCODING=b;TYPE=JPEG:{}\r\n", folded_photo(photo)));
    let photo = photo.unwrap_or_default();
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iPhone OS 18.1//EN\r\nN:{family};{given};;;\r\n\
         FN:{name}\r\n{numbers}{photo}UID:{uid}\r\nEND:VCARD\r\n"
    )
    .into_bytes()
}

/// Google: 3.0 with the user's own categories.
pub(super) fn google(contact: &Contact, category: &str) -> Vec<u8> {
    let (Contact { family, given, .. }, name) = (contact, contact.name());
    let numbers = contact.each(|_, number| format!("TEL;TYPE=CELL:{number}\r\n"));
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nN:{family};{given};;;\r\n{numbers}CATEGORIES:{category}\r\n\
         END:VCARD\r\n"
    )
    .into_bytes()
}

/// An address book server's 4.0: URIs, and lines folded without regard to characters.
pub(super) fn version_4(contact: &Contact, category: &str, uid: u64) -> Vec<u8> {
    let numbers = contact.each(|_, number| format!("TEL;VALUE=uri;TYPE=\"voice,cell\":tel:{number}\n"));
    let text = format!("UID:urn:uuid:{}\nFN:{}\n{numbers}CATEGORIES:{category}\n", uuid(uid), contact.name());
    let fold = |line: &str| line.as_bytes().chunks(14).collect::<Vec<_>>().join(&b"\n "[..]);
    let folded: Vec<_> = text.lines().map(fold).collect();
    [b"BEGIN:VCARD\nVERSION:4.0\n", &folded.join(&b'\n')[..], b"\nEND:VCARD\n\n"].concat()
}

/// A Chinese phone's 2.1: the text as it is, without `FN`.
pub(super) fn plain(contact: &Contact) -> Vec<u8> {
    let Contact { family, given, .. } = contact;
    let numbers = contact.each(|_, number| format!("TEL;CELL:{number}\n"));
    format!("BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8:{family};{given};;;\n{numbers}END:VCARD\n").into_bytes()
}

/// An identifier in the form of a UUID.
pub(super) fn uuid(bits: u64) -> String {
    format!("{:08x}-0000-4000-8000-{:012x}", bits >> 32, bits & 0xffff_ffff)
}

/// Quoted-printable with a soft break after so many bytes.
fn quoted(text: &str, width: usize) -> String {
    let quote = |bytes: &[u8]| bytes.iter().map(|byte| format!("={byte:02X}")).collect::<Vec<_>>().concat();
    text.as_bytes().chunks(width).map(quote).collect::<Vec<_>>().join("=\r\n")
}

fn folded_photo(photo: &str) -> String {
    photo.as_bytes().chunks(72).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\r\n ")
}
