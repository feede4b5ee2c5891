//! An address book as phones export it, with the truth about every line in it: made from a seed, the same each time.
//!
//! Names and numbers are made up. The people's lines are the `subscribers`, and `carrier_toml` writes them down for
//! the built-in carrier.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::{collections::BTreeSet, fmt::Write as _};

#[path = "phonebook/cards.rs"]
mod cards;
#[path = "phonebook/dice.rs"]
mod dice;

use cards::{Contact, android, google, iphone, plain, uuid, version_4};
use dice::Dice;

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
            numbers.push(self.dice.written(&line));
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
        let mut at_ms = LAST_CALL_MS;
        let mut entries: Vec<String> = Vec::with_capacity(lines.len());
        for subscriber in &lines {
            at_ms -= 1 + self.dice.below(7_200_000);
            let name = if strangers.contains(subscriber) { "(Unknown)" } else { "A &amp; B &#55357;&#56832;" };
            entries.push(self.dice.call(&subscriber.msisdn, at_ms, name));
        }
        let hidden = ["-1", "-2", "", "10086", "95588"];
        entries.extend(hidden.map(|number| format!("  <call number=\"{number}\" date=\"{at_ms}\" type=\"3\" />\n")));
        let head = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<calls count=\"7\">\n";
        let log = format!("{head}{}</calls>\n", entries.concat());
        (log.into_bytes(), strangers, hidden.len())
    }
}
