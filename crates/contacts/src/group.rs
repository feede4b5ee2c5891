//! Moving a contact between Ringback's groups, without touching anything else of its card (claims 3 and 4).

use std::ops::Range;

use ringback_core::Group;

use crate::{
    categories::{self, Categories, Item},
    lines::{Lines, lines},
    problem::Problem,
};

/// What the groups are called on a phone.
///
/// Every value recognises the names of the others as Ringback's own, so that a change of language leaves none behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupNames {
    in_service: &'static str,
    restricted: &'static str,
    suspended: &'static str,
}

/// Puts the card in `raw` into one of our groups, or into none.
///
/// Our other names leave its `CATEGORIES`; the user's own categories and every other byte stay. Where nothing has to
/// change, and for a card that is itself a group, the bytes come back as they are; a second call changes nothing.
/// Fails where `raw` is not one whole card.
pub fn regroup(raw: &[u8], ours: &GroupNames, desired: Option<Group>) -> Result<Vec<u8>, Problem> {
    let lines = lines(raw)?;
    let rest = &raw[lines.end_at..];
    if !rest.trim_ascii().is_empty() {
        let reason = "there is more text behind the card";
        return Err(Problem::at(raw, lines.end_at, "END", reason, "change one contact at a time"));
    }
    if lines.is_group() {
        return Ok(raw.to_vec());
    }
    let wanted = desired.map(|group| ours.name(group));
    let lists = categories::of(raw, &lines);
    let out = spliced(raw, edits(&lines, &lists, wanted));
    if reads_back(raw, &out, wanted) { Ok(out) } else { Err(unsafe_to_change(raw, &lists)) }
}

impl GroupNames {
    const ENGLISH: Self = Self { in_service: "In service", restricted: "Restricted", suspended: "Suspended by owner" };
    const CHINESE: Self = Self { in_service: "已开机", restricted: "停机", suspended: "主动停机" };

    /// "In service", "Restricted", "Suspended by owner".
    pub const fn english() -> Self {
        Self::ENGLISH
    }

    /// 已开机, 停机, 主动停机.
    pub const fn chinese() -> Self {
        Self::CHINESE
    }

    /// What a group is called.
    pub const fn name(&self, group: Group) -> &'static str {
        match group {
            Group::InService => self.in_service,
            Group::Restricted => self.restricted,
            Group::Suspended => self.suspended,
        }
    }

    /// The group that a category means in any of our languages; nothing for the user's own.
    pub fn group(category: &str) -> Option<Group> {
        let groups = [Group::InService, Group::Restricted, Group::Suspended];
        let named = |group: &Group| [Self::ENGLISH, Self::CHINESE].iter().any(|names| names.name(*group) == category);
        groups.into_iter().find(named)
    }
}

/// Whether the changed card has the wanted name of ours, and otherwise what it had.
///
/// A card can be broken in ways that show only when something beside the damage moves.
fn reads_back(before: &[u8], after: &[u8], wanted: Option<&str>) -> bool {
    match (Kept::of(before), Kept::of(after)) {
        (Ok((_, before)), Ok((ours, after))) => before == after && ours.iter().map(String::as_str).eq(wanted),
        _ => false,
    }
}

/// What an edit must leave as it is.
#[derive(PartialEq)]
struct Kept<'a> {
    /// The user's own categories.
    own: Vec<String>,
    /// The bytes of every other property.
    properties: Vec<&'a [u8]>,
    /// The bytes behind the card.
    rest: &'a [u8],
}

impl<'a> Kept<'a> {
    /// Our names on a card, and what it holds beside them.
    fn of(raw: &'a [u8]) -> Result<(Vec<String>, Self), Problem> {
        let lines = lines(raw)?;
        let all = categories::texts(raw, &lines).into_iter();
        let (ours, own) = all.partition(|text| GroupNames::group(text).is_some());
        let others = lines.properties.iter().filter(|placed| !placed.is("CATEGORIES"));
        let properties = others.map(|placed| &raw[placed.range.clone()]).collect();
        Ok((ours, Self { own, properties, rest: &raw[lines.end_at..] }))
    }
}

fn unsafe_to_change(raw: &[u8], lists: &[Categories]) -> Problem {
    let at = lists.first().map_or(0, |list| list.range.start);
    let reason = "the line is damaged, and changing it would change more than it";
    Problem::at(raw, at, "CATEGORIES", reason, "save the contact again on the phone")
}

/// Bytes that replace a range of the card.
type Edit = (Range<usize>, Vec<u8>);

/// Where the wanted name goes: as near to our old one as it can.
enum Place {
    /// Into the list of this number.
    In(usize, Act),
    /// On a line of its own.
    Alone(Vec<u8>),
}

/// What happens to a list, beside that our other names leave it.
enum Act {
    /// An item has the wanted name already.
    Stays(usize),
    /// An item with another name of ours becomes the wanted one.
    Replaces(usize, Vec<u8>),
    /// The wanted name comes last.
    Joins(Vec<u8>),
}

fn edits(lines: &Lines<'_>, lists: &[Categories], wanted: Option<&str>) -> Vec<Edit> {
    let place = wanted.map(|name| place(lines, lists, name));
    let act = |at: usize| match &place {
        Some(Place::In(list, act)) if *list == at => Some(act),
        _ => None,
    };
    let mut edits: Vec<Edit> = lists.iter().enumerate().flat_map(|(at, list)| changes(list, act(at))).collect();
    if let Some(Place::Alone(line)) = place {
        edits.push((lines.room_at..lines.room_at, line));
    }
    edits
}

fn place(lines: &Lines<'_>, lists: &[Categories], name: &str) -> Place {
    let numbered = || lists.iter().enumerate();
    let ours = |item: &Item| GroupNames::group(&item.text).is_some();
    let stays = numbered().find_map(|(at, list)| Some((at, Act::Stays(list.find(|item| item.text == name)?))));
    let replaces =
        || numbered().find_map(|(at, list)| Some((at, Act::Replaces(list.find(ours)?, list.encoded(name)?))));
    let joins = || numbered().find_map(|(at, list)| Some((at, Act::Joins(list.encoded(name)?))));
    let alone = || [&categories::new_line(name, lines.version), lines.line_break.as_bytes()].concat();
    match stays.or_else(replaces).or_else(joins) {
        Some((list, act)) => Place::In(list, act),
        None => Place::Alone(alone()),
    }
}

fn changes(list: &Categories, act: Option<&Act>) -> Vec<Edit> {
    let spared = match act {
        Some(Act::Stays(item) | Act::Replaces(item, _)) => Some(*item),
        _ => None,
    };
    let leaves = |item: usize| spared != Some(item) && GroupNames::group(&list.items[item].text).is_some();
    let items = 0..list.items.len();
    if act.is_none() && items.clone().all(leaves) {
        return vec![(list.range.clone(), Vec::new())];
    }
    let cuts = items.filter(|&item| leaves(item)).map(|item| (cut(list, item, leaves), Vec::new()));
    let put = match act {
        Some(Act::Replaces(item, name)) => Some((list.items[*item].range.clone(), name.clone())),
        Some(Act::Joins(name)) => appended(list, name),
        _ => None,
    };
    cuts.chain(put).collect()
}

/// The bytes of an item that leaves, with one comma: the one before it, or the one behind where nothing stays before.
fn cut(list: &Categories, item: usize, leaves: impl Fn(usize) -> bool) -> Range<usize> {
    let own = &list.items[item].range;
    let stays_before = (0..item).any(|before| !leaves(before));
    if stays_before {
        return list.items[item - 1].range.end..own.end;
    }
    let next = list.items.get(item + 1).map_or(own.end, |next| next.range.start);
    own.start..next
}

fn appended(to: &Categories, name: &[u8]) -> Option<Edit> {
    let last = to.items.last()?;
    let empty = to.items.len() == 1 && last.text.is_empty();
    let comma: &[u8] = if empty { b"" } else { b"," };
    Some((last.range.end..last.range.end, [comma, name].concat()))
}

fn spliced(raw: &[u8], mut edits: Vec<Edit>) -> Vec<u8> {
    edits.sort_by_key(|(range, _)| range.start);
    let (mut out, mut at) = (Vec::with_capacity(raw.len() + 80), 0);
    for (range, bytes) in edits {
        out.extend_from_slice(&raw[at..range.start]);
        out.extend_from_slice(&bytes);
        at = range.end;
    }
    out.extend_from_slice(&raw[at..]);
    out
}
