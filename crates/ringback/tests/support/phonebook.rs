//! An address book as phones export it, with the truth about every line in it: made from a seed, the same each time.
//!
//! Names and numbers are made up. The people's lines are the `subscribers`, and `carrier_toml` writes them down for
//! the built-in carrier.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::{collections::BTreeSet, fmt::Write as _};

/// An export of a phone, and what is true about the lines in it.
pub struct Phonebook {
    /// The contacts, in every version and habit, with a few broken cards.
    pub vcf: Vec<u8>,
    /// The call log, as "SMS Backup & Restore" writes it.
    pub calls_xml: Vec<u8>,
    /// The lines of the contacts, each number once.
    pub subscribers: Vec<Subscriber>,
    /// Lines that only the call log knows.
    pub strangers: Vec<Subscriber>,
    /// The contacts' names in the file's order.
    pub names: Vec<String>,
    /// How many cards are groups.
    pub groups: usize,
    /// How many cards are broken on purpose.
    pub broken: usize,
    /// How many contacts have only a short code, which is no line.
    pub short_codes: usize,
    /// How many calls come from a hidden number or a short code.
    pub skipped_calls: usize,
}

/// A line as its carrier knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// The number: `+86` and eleven digits.
    pub msisdn: String,
    /// The carrier's name.
    pub carrier: String,
    /// The plan's monthly fee in fen.
    pub plan_minor: i64,
    /// The state that the method has to find out.
    pub truth: Truth,
}

/// What is true about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// In service.
    InService,
    /// In service, and the phone is switched off.
    PoweredOff,
    /// Restricted for a little: 10 yuan at most.
    UsedUp {
        /// What is owed, in fen.
        arrears_minor: i64,
    },
    /// Restricted for one or two monthly fees.
    MonthlyFee {
        /// What is owed, in fen.
        arrears_minor: i64,
    },
    /// Suspended by its owner: no payment brings it back.
    SuspendedByOwner,
    /// Barred for fraud.
    Fraud,
    /// The number has no subscriber any more.
    Ceased,
}

/// Makes an address book of so many contacts, beside groups, short codes and broken cards.
pub fn phonebook(seed: u64, contacts: usize) -> Phonebook {
    let mut world = World { dice: Dice(seed), ..World::default() };
    for at in 0..contacts {
        world.spoil(at);
        world.contact(at);
    }
    world.short_codes();
    world.groups();
    let (calls_xml, strangers, skipped_calls) = world.calls();
    Phonebook {
        vcf: world.vcf,
        calls_xml,
        subscribers: world.subscribers,
        strangers,
        names: world.names,
        groups: GROUPS.len(),
        broken: world.broken,
        short_codes: SHORT_CODES.len(),
        skipped_calls,
    }
}

/// Writes subscribers in the carrier's file format.
pub fn carrier_toml(subscribers: &[Subscriber]) -> String {
    let mut text = String::new();
    for subscriber in subscribers {
        let Subscriber { msisdn, carrier, plan_minor, truth } = subscriber;
        let plan = yuan(*plan_minor);
        let _ = writeln!(text, "[[subscriber]]\nmsisdn = \"{msisdn}\"\ncarrier = \"{carrier}\"\nplan = \"{plan}\"");
        let _ = writeln!(text, "{}", state(*truth));
    }
    text
}

fn state(truth: Truth) -> String {
    match truth {
        Truth::InService => "state = \"in_service\"\n".into(),
        Truth::PoweredOff => "state = \"in_service\"\npowered_off = true\n".into(),
        Truth::UsedUp { arrears_minor } | Truth::MonthlyFee { arrears_minor } => {
            format!("state = \"arrears\"\narrears = \"{}\"\n", yuan(arrears_minor))
        }
        Truth::SuspendedByOwner => "state = \"suspended_by_owner\"\n".into(),
        Truth::Fraud => "state = \"fraud\"\n".into(),
        Truth::Ceased => "state = \"ceased\"\n".into(),
    }
}

fn yuan(minor: i64) -> String {
    match minor % 100 {
        0 => format!("{} CNY", minor / 100),
        fen => format!("{}.{fen:02} CNY", minor / 100),
    }
}

/// A carrier: its share of the market in percent, its prefixes, its monthly fees in yuan.
type Market = (&'static str, u64, &'static [&'static str], &'static [i64]);

const MARKET: [Market; 4] = [
    (
        "China Mobile",
        55,
        &[
            "135", "136", "137", "138", "139", "150", "151", "157", "158", "159", "178", "182", "183", "184", "187",
            "188", "198",
        ],
        &[8, 18, 28, 38, 58, 88, 128, 158, 188, 238, 288, 388, 588],
    ),
    (
        "China Unicom",
        22,
        &["130", "131", "132", "155", "156", "166", "176", "185", "186"],
        &[19, 29, 39, 59, 79, 99, 129, 159, 199, 239, 299, 399, 599],
    ),
    (
        "China Telecom",
        20,
        &["133", "153", "177", "180", "181", "189", "199"],
        &[5, 19, 29, 39, 59, 99, 129, 169, 199, 299, 399, 599],
    ),
    ("China Broadnet", 3, &["192"], &[8, 18, 28, 38, 68, 98, 128, 198]),
];

const FAMILY: [&str; 24] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗", "梁", "宋", "欧阳", "上官",
];
const GIVEN: [&str; 24] = [
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀兰", "霞",
    "平", "桂英", "子涵", "浩然", "雨桐",
];
const WESTERN: [(&str, &str); 5] =
    [("Example", "Ann"), ("Muster", "Max"), ("O'Sample", "Pat"), ("Płaceholder", "Zoë"), ("Fiction", "Emoji 🎈")];
const GROUPS: [&str; 3] = ["家人", "同事", "客户"];
const SHORT_CODES: [(&str, &str); 2] = [("移动客服", "10086"), ("银行", "95588")];
const CATEGORIES: [&str; 4] = ["家人", "同事,球友", "Family\\, near", "myContacts"];
const STRANGERS: usize = 12;
/// 2026-11-20T00:00:00Z.
const LAST_CALL_MS: u64 = 1_795_132_800_000;

#[derive(Default)]
struct World {
    dice: Dice,
    vcf: Vec<u8>,
    subscribers: Vec<Subscriber>,
    taken: BTreeSet<String>,
    names: Vec<String>,
    broken: usize,
}

/// A contact before it is written down.
struct Contact {
    family: String,
    given: String,
    /// The numbers, each as its owner wrote it.
    numbers: Vec<String>,
}

impl World {
    fn contact(&mut self, at: usize) {
        let (family, given) = self.name();
        let shared = at > 0 && self.dice.percent(2);
        let numbers = match self.dice.below(100) {
            _ if at == 7 => 12,
            0..75 => 1,
            75..92 => 2,
            _ => 3,
        };
        let mut numbers: Vec<String> = (0..numbers).map(|_| self.number()).collect();
        if shared {
            let line = self.dice.pick(&self.subscribers).msisdn.clone();
            numbers[0] = self.dice.written(&line);
        }
        let contact = Contact { family, given, numbers };
        self.names.push(contact.name());
        let card = self.card(&contact, at);
        self.vcf.extend(card);
    }

    /// A name that its card shows and a person would know again.
    fn name(&mut self) -> (String, String) {
        if self.dice.percent(8) {
            let (family, given) = *self.dice.pick(&WESTERN);
            return (family.to_owned(), given.to_owned());
        }
        let suffix =
            if self.dice.percent(10) { *self.dice.pick(&["（装修）", "🏀", "妈妈", " 2号"]) } else { "" };
        let given = format!("{}{suffix}", self.dice.pick(&GIVEN));
        ((*self.dice.pick(&FAMILY)).to_owned(), given)
    }

    /// Gives a new line out and writes its number down.
    fn number(&mut self) -> String {
        let subscriber = self.subscriber();
        let text = self.dice.written(&subscriber.msisdn);
        self.subscribers.push(subscriber);
        text
    }

    fn subscriber(&mut self) -> Subscriber {
        let (carrier, _, prefixes, fees) = *self.dice.carrier();
        let plan_minor = 100 * self.dice.pick(fees);
        let msisdn = loop {
            let msisdn = format!("+86{}{:08}", self.dice.pick(prefixes), self.dice.below(100_000_000));
            if self.taken.insert(msisdn.clone()) {
                break msisdn;
            }
        };
        Subscriber { msisdn, carrier: carrier.to_owned(), plan_minor, truth: self.dice.truth(plan_minor) }
    }

    fn card(&mut self, contact: &Contact, at: usize) -> Vec<u8> {
        let (photo, uid) = (self.dice.photo(), self.dice.next());
        let category = *self.dice.pick(&CATEGORIES);
        match at % 6 {
            0 | 1 => android(contact, photo.as_deref()),
            2 => iphone(contact, photo.as_deref(), uid),
            3 => google(contact, category),
            4 => version_4(contact, category, uid),
            _ => plain(contact),
        }
    }

    /// Puts a broken card before some contacts: five kinds, one after the other.
    fn spoil(&mut self, at: usize) {
        const KINDS: [&[u8]; 5] = [
            b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Cut off\r\nTEL:1380013\r\n",
            b"BEGIN:VCARD\nVERSION:2.1\nFN:\xCD\xF5\xD0\xA1\xC3\xF7\nTEL:1380013\nEND:VCARD\n",
            b"BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E\r\nEND:VCARD\r\n",
            b"BEGIN:VCARD\nVERSION:3.0\nFN:No colon\nTEL 1380013\nEND:VCARD\n",
            b"Exported by an app\r\n\r\n",
        ];
        if at % 60 == 30 {
            self.vcf.extend_from_slice(KINDS[at / 60 % KINDS.len()]);
            self.broken += 1;
        }
    }

    fn short_codes(&mut self) {
        for (name, code) in SHORT_CODES {
            let contact = Contact { family: name.to_owned(), given: String::new(), numbers: vec![code.to_owned()] };
            self.names.push(contact.name());
            self.vcf.extend(plain(&contact));
        }
    }

    fn groups(&mut self) {
        for name in GROUPS {
            let (uid, member) = (uuid(self.dice.next()), uuid(self.dice.next()));
            let card = format!(
                "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iPhone OS 18.1//EN\r\nN:{name}\r\nFN:{name}\r\n\
                 X-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:{member}\r\nUID:{uid}\r\nEND:VCARD\r\n"
            );
            self.vcf.extend_from_slice(card.as_bytes());
        }
    }

    /// The call log, its strangers, and how many of its calls tell no line.
    fn calls(&mut self) -> (Vec<u8>, Vec<Subscriber>, usize) {
        let strangers: Vec<_> = (0..STRANGERS).map(|_| self.subscriber()).collect();
        let known: Vec<_> = self.subscribers.iter().step_by(3).cloned().collect();
        let lines: Vec<_> = known.iter().chain(&strangers).chain(known.iter().step_by(2)).collect();
        let mut log = String::from("<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<calls count=\"7\">\n");
        let mut at_ms = LAST_CALL_MS;
        for subscriber in &lines {
            at_ms -= 1 + self.dice.below(7_200_000);
            let name = if strangers.contains(subscriber) { "(Unknown)" } else { "A &amp; B &#55357;&#56832;" };
            log += &self.dice.call(&subscriber.msisdn, at_ms, name);
        }
        let hidden = ["-1", "-2", "", "10086", "95588"];
        for number in hidden {
            log += &format!(
                "  <call number=\"{number}\" duration=\"0\" date=\"{at_ms}\" type=\"3\" presentation=\"2\" />\n"
            );
        }
        log += "</calls>\n";
        (log.into_bytes(), strangers, hidden.len())
    }
}

impl Contact {
    fn name(&self) -> String {
        let western = self.family.is_ascii() || self.given.is_ascii() && !self.given.is_empty();
        if western || self.family.starts_with('P') {
            return format!("{} {}", self.given, self.family);
        }
        format!("{}{}", self.family, self.given)
    }
}

/// Android: 2.1, quoted-printable with soft breaks, the photo folded and closed by a blank line.
fn android(contact: &Contact, photo: Option<&str>) -> Vec<u8> {
    let head = "CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:";
    let (family, given) = (quoted(&contact.family, 99), quoted(&contact.given, 99));
    let mut card = format!(
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN;{head}{family};{given};;;\r\nFN;{head}{}\r\n",
        quoted(&contact.name(), 8)
    );
    for (at, number) in contact.numbers.iter().enumerate() {
        card += &format!("TEL;{}:{number}\r\n", if at == 0 { "CELL;PREF" } else { "WORK" });
    }
    if let Some(photo) = photo {
        card += &format!("PHOTO;ENCODING=BASE64;JPEG:{}\r\n\r\n", photo_lines(photo, "\r\n"));
    }
    (card + "END:VCARD\r\n").into_bytes()
}

/// iPhone: 3.0, labels beside the numbers.
fn iphone(contact: &Contact, photo: Option<&str>, uid: u64) -> Vec<u8> {
    let Contact { family, given, .. } = contact;
    let mut card = format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iPhone OS 18.1//EN\r\nN:{family};{given};;;\r\nFN:{}\r\n",
        contact.name()
    );
    for (at, number) in contact.numbers.iter().enumerate() {
        let label = if at == 0 { "_$!<Mobile>!$_" } else { "老号码" };
        card += &format!("item{at}.TEL;type=pref:\u{202d}{number}\u{202c}\r\nitem{at}.X-ABLabel:{label}\r\n");
    }
    if let Some(photo) = photo {
        card += &format!("PHOTO;ENCODING=b;TYPE=JPEG:{}\r\n", photo_lines(photo, "\r\n"));
    }
    (card + &format!("UID:{}\r\nEND:VCARD\r\n", uuid(uid))).into_bytes()
}

/// Google: 3.0 with the user's own categories.
fn google(contact: &Contact, category: &str) -> Vec<u8> {
    let Contact { family, given, .. } = contact;
    let mut card = format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{}\r\nN:{family};{given};;;\r\n", contact.name());
    for number in &contact.numbers {
        card += &format!("TEL;TYPE=CELL:{number}\r\n");
    }
    (card + &format!("CATEGORIES:{category}\r\nEND:VCARD\r\n")).into_bytes()
}

/// A CardDAV server's 4.0: URIs, and lines folded without regard to characters.
fn version_4(contact: &Contact, category: &str, uid: u64) -> Vec<u8> {
    let mut lines = vec![format!("UID:urn:uuid:{}", uuid(uid)), format!("FN:{}", contact.name())];
    lines.extend(contact.numbers.iter().map(|number| format!("TEL;VALUE=uri;TYPE=\"voice,cell\":tel:{number}")));
    lines.push(format!("CATEGORIES:{category}"));
    let folded = lines
        .iter()
        .flat_map(|line| line.as_bytes().chunks(14).collect::<Vec<_>>().join(&b"\n "[..]).into_iter().chain(*b"\n"));
    b"BEGIN:VCARD\nVERSION:4.0\n".iter().copied().chain(folded).chain(*b"END:VCARD\n\n").collect()
}

/// A Chinese phone's 2.1: the text as it is, without `FN`.
fn plain(contact: &Contact) -> Vec<u8> {
    let Contact { family, given, .. } = contact;
    let mut card = format!("BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8:{family};{given};;;\n");
    for number in &contact.numbers {
        card += &format!("TEL;CELL:{number}\n");
    }
    (card + "END:VCARD\n").into_bytes()
}

/// Quoted-printable with a soft break after so many bytes.
fn quoted(text: &str, width: usize) -> String {
    let quote = |bytes: &[u8]| bytes.iter().map(|byte| format!("={byte:02X}")).collect::<Vec<_>>().concat();
    text.as_bytes().chunks(width).map(quote).collect::<Vec<_>>().join("=\r\n")
}

fn photo_lines(photo: &str, line_break: &str) -> String {
    let lines: Vec<_> = photo.as_bytes().chunks(72).map(String::from_utf8_lossy).collect();
    lines.join(&format!("{line_break} "))
}

fn uuid(bits: u64) -> String {
    format!("{:08x}-0000-4000-8000-{:012x}", bits >> 32, bits & 0xffff_ffff)
}

/// The seeded source of chance: splitmix64.
#[derive(Default)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        let at = self.next() % from.len() as u64;
        &from[usize::try_from(at).unwrap_or(0)]
    }

    fn carrier(&mut self) -> &'static Market {
        let mut left = self.below(100);
        let carrier = MARKET.iter().find(|(_, share, ..)| match left.checked_sub(*share) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        carrier.unwrap_or(&MARKET[0])
    }

    /// 70 % in service, 25 % restricted for all reasons, the rest switched off or ceased.
    fn truth(&mut self, plan_minor: i64) -> Truth {
        match self.below(100) {
            0..70 => Truth::InService,
            70..79 => Truth::UsedUp { arrears_minor: *self.pick(&[10, 120, 350, 500, 888, 1_000]) },
            79..88 => Truth::MonthlyFee { arrears_minor: plan_minor * self.pick(&[1, 2]) },
            88..94 => Truth::SuspendedByOwner,
            94 => Truth::Fraud,
            95..98 => Truth::PoweredOff,
            _ => Truth::Ceased,
        }
    }

    /// A number as people write it.
    fn written(&mut self, msisdn: &str) -> String {
        let digits = msisdn.trim_start_matches("+86");
        let (head, middle, tail) = (&digits[..3], &digits[3..7], &digits[7..]);
        match self.below(10) {
            0 | 1 => digits.to_owned(),
            2 => format!("{head} {middle} {tail}"),
            3 => format!("{head}-{middle}-{tail}"),
            4 => format!("+86 {head} {middle} {tail}"),
            5 => msisdn.to_owned(),
            6 => format!("0086{digits}"),
            7 => format!("0{digits}"),
            8 => format!("+86-{head}-{middle}-{tail}"),
            _ => digits.chars().filter_map(|digit| char::from_u32(u32::from(digit) - 0x30 + 0xff10)).collect(),
        }
    }

    /// Base64 for one contact in six.
    fn photo(&mut self) -> Option<String> {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let length = 4 * (200 + self.below(400));
        let photo = self.percent(17);
        photo.then(|| (0..length).map(|_| char::from(*self.pick(DIGITS))).collect())
    }

    fn call(&mut self, msisdn: &str, at_ms: u64, name: &str) -> String {
        let (number, kind) = (self.written(msisdn), 1 + self.below(7));
        format!(
            "  <call number=\"{number}\" duration=\"{}\" date=\"{at_ms}\" type=\"{kind}\" presentation=\"1\" \
             subscription_id=\"1\" readable_date=\"\" contact_name=\"{name}\" />\n",
            self.below(600)
        )
    }
}
