//! Chance with a seed, and what it decides: numbers, carriers, states.

use super::Truth;

/// The seeded source of chance: splitmix64.
#[derive(Default)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// Sixty-four bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below a bound.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Whether chance falls into a share.
    pub(super) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of several.
    pub(super) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        let at = self.next() % from.len() as u64;
        &from[usize::try_from(at).unwrap_or(0)]
    }

    /// A carrier by its share of the market.
    pub(super) fn carrier(&mut self) -> &'static Market {
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
    pub(super) fn truth(&mut self, plan_minor: i64) -> Truth {
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
    pub(super) fn written(&mut self, msisdn: &str) -> String {
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
    pub(super) fn photo(&mut self) -> Option<String> {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let length = 4 * (200 + self.below(400));
        let photo = self.percent(17);
        photo.then(|| (0..length).map(|_| char::from(*self.pick(DIGITS))).collect())
    }

    /// One entry of a call log.
    pub(super) fn call(&mut self, msisdn: &str, at_ms: u64, name: &str) -> String {
        let (number, kind) = (self.written(msisdn), 1 + self.below(7));
        format!(
            "  <call number=\"{number}\" duration=\"{}\" date=\"{at_ms}\" type=\"{kind}\" presentation=\"1\" \
             subscription_id=\"1\" readable_date=\"\" contact_name=\"{name}\" />\n",
            self.below(600)
        )
    }
}

/// A carrier: its share of the market in percent, its prefixes, its monthly fees in yuan.
pub(super) type Market = (&'static str, u64, &'static [&'static str], &'static [i64]);

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
