//! Contacts and their lines: a number with several contacts, a contact with several numbers (claims 3 and 4).

use ringback_core::{BookId, Group, Line, Status, recovery::Event, recovery::Word};
use ringback_store::Contact;

use super::{
    Databases,
    fixture::{Scene, contact, in_service, numbers, restricted},
};

const FILE: &str = "people.vcf";

async fn groups(scene: &Scene, book: BookId) -> Vec<Vec<Group>> {
    let contacts = scene.store.contacts(book, FILE, 0, u32::MAX).await.unwrap();
    contacts.into_iter().map(|contact| contact.groups).collect()
}

async fn import(scene: &Scene, book: BookId, contacts: &[Contact]) {
    scene.store.import(book, FILE, contacts).await.unwrap();
}

/// Lines whose groups are *in service*, *restricted*, *suspended*, none, and once more *in service*.
async fn one_of_each_group(scene: &mut Scene, book: BookId) -> Vec<Line> {
    scene.policy.max_recoveries = 0;
    let lines = scene.enrolled(book, &numbers(0..5)).await;
    let known = scene.happens(&lines[2], Event::Told(Word::Suspended)).await;
    let statuses = [in_service(), restricted(), restricted(), Status::unknown("no answer"), in_service()];
    let mut seen = Vec::new();
    for (line, status) in [&lines[0], &lines[1], &known, &lines[3], &lines[4]].into_iter().zip(statuses) {
        seen.push(scene.answered(line, &status).await);
    }
    seen
}

pub(crate) async fn a_number_of_several_contacts_is_one_line_with_several_names(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let (book, numbers) = (scene.book("home").await, numbers(0..1));
    let line = scene.enrolled(book, &numbers).await.remove(0);
    import(&scene, book, &[contact("Ann", &numbers), contact("Work", &numbers), contact("Bob", &[])]).await;
    scene.answered(&line, &in_service()).await;
    let names: Vec<String> = scene.store.names(&[line.id]).await.unwrap().into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["somebody", "Ann", "Work"], "the names of every file");
    let in_service = vec![Group::InService];
    assert_eq!(groups(&scene, book).await, [in_service.clone(), in_service, vec![]]);
}

pub(crate) async fn the_weightiest_group_of_a_contact_comes_first(databases: &impl Databases) {
    let mut scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    one_of_each_group(&mut scene, book).await;
    let n = numbers(0..5);
    let contacts = [
        contact("all", &n),
        contact("two", &[n[1], n[0]]),
        contact("unknown too", &[n[3], n[1]]),
        contact("unknown", &n[3..4]),
        contact("the same twice", &[n[0], n[4], n[0]]),
    ];
    import(&scene, book, &contacts).await;
    let expected = [
        vec![Group::Suspended, Group::Restricted, Group::InService],
        vec![Group::Restricted, Group::InService],
        vec![Group::Restricted],
        vec![],
        vec![Group::InService],
    ];
    assert_eq!(groups(&scene, book).await, expected);
}

/// A person who took the consents back is no longer shown by what was seen before.
pub(crate) async fn lines_that_are_not_enrolled_change_no_contact(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let (book, numbers) = (scene.book("home").await, numbers(0..1));
    let line = scene.enrolled(book, &numbers).await.remove(0);
    import(&scene, book, &[contact("Ann", &numbers)]).await;
    let line = scene.answered(&line, &in_service()).await;
    assert_eq!(groups(&scene, book).await, [vec![Group::InService]]);
    let line = scene.happens(&line, Event::Told(Word::Withdrawn)).await;
    assert_eq!(line.group(), Some(Group::InService));
    assert_eq!(groups(&scene, book).await, [vec![]]);
}

pub(crate) async fn names_are_those_of_contacts_that_have_one(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let (book, numbers) = (scene.book("home").await, numbers(0..3));
    import(&scene, book, &[contact("", &numbers[..2]), contact("Ann", &numbers[1..])]).await;
    let filter = ringback_store::Filter::default();
    let lines = scene.store.lines(&filter, ringback_core::LineId(0), 9).await.unwrap();
    let all: Vec<_> = lines.iter().map(|line| line.id).collect();
    let ann = |line: usize| (all[line], "Ann".to_owned());
    assert_eq!(scene.store.names(&all).await.unwrap(), [ann(1), ann(2)]);
    assert_eq!(scene.store.names(&all[2..]).await.unwrap(), [ann(2)], "of these lines alone");
    assert_eq!(scene.store.names(&[]).await.unwrap(), []);
}
