//! Moving a contact between Ringback's groups, without touching anything else of its card (claims 3 and 4).

use std::ops::Range;

use ringback_core::Group;

use crate::{
    categories::{self, Categories},
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

/// Whether the changed card is still one card with the user's own categories and the wanted name of ours.
///
/// A card can be broken in ways that show only when something beside the damage moves.
fn reads_back(before: &[u8], after: &[u8], wanted: Option<&str>) -> bool {
    let parts = |raw| {
        let lines = lines(raw).ok()?;
        let (ours, own): (Vec<_>, Vec<_>) =
            categories::texts(raw, &lines).into_iter().partition(|text| GroupNames::group(text).is_some());
        Some((ours, own, raw[lines.end_at..].to_vec()))
    };
    match (parts(before), parts(after)) {
        (Some((_, own, rest)), Some((ours, still, rest_after))) => {
            ours.iter().map(String::as_str).eq(wanted) && own == still && rest == rest_after
        }
        _ => false,
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
    /// It is there: list and item.
    Stays(usize, usize),
    /// It takes the place of another name of ours.
    Replaces(usize, usize, Vec<u8>),
    /// It comes last in a list.
    Joins(usize, Vec<u8>),
    /// It gets a line of its own.
    Alone(Vec<u8>),
}

fn edits(lines: &Lines<'_>, lists: &[Categories], wanted: Option<&str>) -> Vec<Edit> {
    let place = wanted.map(|name| place(lines, lists, name));
    let mut edits: Vec<Edit> =
        lists.iter().enumerate().flat_map(|(at, list)| changes(list, at, place.as_ref())).collect();
    if let Some(Place::Alone(line)) = place {
        edits.push((lines.room_at..lines.room_at, line));
    }
    edits
}

fn place(lines: &Lines<'_>, lists: &[Categories], name: &str) -> Place {
    let marks = || {
        let all = lists.iter().enumerate();
        let all = all.flat_map(|(list, of)| of.items.iter().enumerate().map(move |(item, of)| (list, item, of)));
        all.filter(|(.., item)| GroupNames::group(&item.text).is_some())
    };
    if let Some((list, item, _)) = marks().find(|(.., item)| item.text == name) {
        return Place::Stays(list, item);
    }
    let replaced = marks().find_map(|(list, item, _)| Some(Place::Replaces(list, item, lists[list].encoded(name)?)));
    let joins = || lists.iter().enumerate().find_map(|(list, of)| Some(Place::Joins(list, of.encoded(name)?)));
    let alone = || [&categories::new_line(name, lines.version), lines.line_break.as_bytes()].concat();
    replaced.or_else(joins).unwrap_or_else(|| Place::Alone(alone()))
}

/// What changes in one list: our names leave it, save the one that stays or is replaced.
fn changes(list: &Categories, at: usize, place: Option<&Place>) -> Vec<Edit> {
    let spared = match place {
        Some(Place::Stays(of, item) | Place::Replaces(of, item, _)) if *of == at => Some(*item),
        _ => None,
    };
    let leaves = |item: usize| spared != Some(item) && GroupNames::group(&list.items[item].text).is_some();
    let joined = match place {
        Some(Place::Joins(of, name)) if *of == at => Some(name),
        _ => None,
    };
    if joined.is_none() && (0..list.items.len()).all(leaves) {
        return vec![(list.range.clone(), Vec::new())];
    }
    let mut edits: Vec<Edit> =
        (0..list.items.len()).filter(|&item| leaves(item)).map(|item| (cut(list, item, leaves), Vec::new())).collect();
    if let (Some(Place::Replaces(_, _, name)), Some(item)) = (place, spared) {
        edits.push((list.items[item].range.clone(), name.clone()));
    }
    edits.extend(joined.and_then(|name| appended(list, name)));
    edits
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
