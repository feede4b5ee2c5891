//! Books, and what is imported into them.

use ringback_core::{BookId, LineId};
use ringback_store::{Contact, Filter, Imported, StoredContact};

use super::{
    Databases,
    fixture::{Scene, cny, contact, numbers},
};

const FILE: &str = "people.vcf";

pub(crate) async fn saving_a_book_twice_changes_its_policy_and_nothing_else(databases: &impl Databases) {
    let mut scene = Scene::open(databases).await;
    let id = scene.book("home").await;
    assert_eq!(scene.book("home").await, id);
    scene.policy.probe = cny(5);
    assert_eq!(scene.store.save_book("home", "DE", &scene.policy).await.unwrap(), id);
    let books = scene.store.books().await.unwrap();
    assert_eq!(books.len(), 1);
    assert_eq!((books[0].id, books[0].name.as_str(), books[0].region.as_str()), (id, "home", "DE"));
    assert_eq!(books[0].policy, scene.policy);
}

pub(crate) async fn books_have_numbers_and_names_of_their_own(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    assert_eq!(scene.store.books().await.unwrap(), []);
    let saved = [scene.book("shop").await, scene.book("家").await, scene.book("").await];
    let books = scene.store.books().await.unwrap();
    assert_eq!(books.iter().map(|book| book.id).collect::<Vec<_>>(), saved);
    assert_eq!(books.iter().map(|book| book.name.as_str()).collect::<Vec<_>>(), ["shop", "家", ""]);
}

/// Segments as a file has them: no text encoding holds for all of them, and some are no contact at all.
fn segments() -> Vec<Contact> {
    let raw = |raw: &[u8], contact: Contact| Contact { raw: raw.to_vec(), ..contact };
    let [one, two] = numbers(0..2)[..] else { unreachable!("two numbers") };
    vec![
        raw(b"\xEF\xBB\xBF\r\n", contact("", &[])),
        raw(b"BEGIN:VCARD\r\nFN:\xD6\xD0\0'\"\r\n", contact("中'\"\\ \u{1F4DE}", &[two, one])),
        raw(b"", contact("nobody", &[])),
        raw(b"\0\xFF\xFE", contact("", &[one, one])),
    ]
}

async fn stored(scene: &Scene, book: BookId, file: &str) -> Vec<StoredContact> {
    scene.store.contacts(book, file, 0, u32::MAX).await.unwrap()
}

/// The file's bytes and its names; the numbers of the segments are the database's own.
fn content(stored: &[StoredContact]) -> Vec<(&[u8], &str)> {
    stored.iter().map(|contact| (&contact.raw[..], &contact.name[..])).collect()
}

pub(crate) async fn an_import_keeps_every_byte_in_order(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let (book, segments) = (scene.book("home").await, segments());
    let imported = scene.store.import(book, FILE, &segments).await.unwrap();
    assert_eq!(imported, Imported { contacts: 3, new_lines: 2, known_lines: 0 });
    let stored = stored(&scene, book, FILE).await;
    let expected: Vec<_> = segments.iter().map(|segment| (&segment.raw[..], &segment.name[..])).collect();
    assert_eq!(content(&stored), expected);
    assert!(stored.is_sorted_by(|a, b| a.id < b.id));
    assert!(stored.iter().all(|contact| contact.groups.is_empty()), "nothing is known of these lines yet");
}

pub(crate) async fn the_same_bytes_twice_change_nothing(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let (book, segments) = (scene.book("home").await, segments());
    scene.store.import(book, FILE, &segments).await.unwrap();
    let (contacts, lines) = (stored(&scene, book, FILE).await, all_lines(&scene).await);
    let names = scene.store.names(&lines).await.unwrap();
    let again = scene.store.import(book, FILE, &segments).await.unwrap();
    assert_eq!(again, Imported { contacts: 3, new_lines: 0, known_lines: 2 });
    assert_eq!(content(&stored(&scene, book, FILE).await), content(&contacts));
    assert_eq!(all_lines(&scene).await, lines);
    assert_eq!(scene.store.names(&lines).await.unwrap(), names);
    assert_eq!(scene.store.files(book).await.unwrap(), [FILE]);
}

async fn all_lines(scene: &Scene) -> Vec<LineId> {
    let lines = scene.store.lines(&Filter::default(), LineId(0), u32::MAX).await.unwrap();
    lines.iter().map(|line| line.id).collect()
}

pub(crate) async fn an_import_replaces_what_the_same_file_brought_and_removes_no_line(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let (book, numbers) = (scene.book("home").await, numbers(0..3));
    let first = [contact("Ann", &numbers[..1]), contact("Bob", &numbers[1..2])];
    let second = [contact("Cleo", &numbers[2..]), contact("Bob B", &numbers[1..2])];
    scene.store.import(book, FILE, &first).await.unwrap();
    let imported = scene.store.import(book, FILE, &second).await.unwrap();
    assert_eq!(imported, Imported { contacts: 2, new_lines: 1, known_lines: 1 });
    let lines = all_lines(&scene).await;
    assert_eq!(lines.len(), 3, "the line that no contact has any more stays");
    let names: Vec<_> = scene.store.names(&lines).await.unwrap();
    let expected = [(lines[1], "Bob B".to_owned()), (lines[2], "Cleo".to_owned())];
    assert_eq!(names, expected);
    let contacts = stored(&scene, book, FILE).await;
    assert_eq!(contacts.iter().map(|contact| &contact.name[..]).collect::<Vec<_>>(), ["Cleo", "Bob B"]);
    scene.store.import(book, FILE, &[]).await.unwrap();
    assert_eq!((stored(&scene, book, FILE).await, all_lines(&scene).await), (vec![], lines));
    assert_eq!(scene.store.files(book).await.unwrap(), Vec::<String>::new());
}

pub(crate) async fn an_import_leaves_enrolled_lines_and_other_files_alone(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let (home, shop) = (scene.book("home").await, scene.book("shop").await);
    let line = scene.enrolled(home, &numbers(0..1)).await.remove(0);
    let ann = [contact("Ann", &numbers(0..1))];
    for (book, file) in [(home, "a.vcf"), (home, "b.vcf"), (shop, "a.vcf")] {
        scene.store.import(book, file, &ann).await.unwrap();
    }
    assert_eq!(scene.line(line.id).await, line, "consents and version are as they were");
    scene.store.import(home, "a.vcf", &[]).await.unwrap();
    assert_eq!(stored(&scene, home, "a.vcf").await, []);
    assert_eq!(stored(&scene, home, "b.vcf").await.len(), 1);
    assert_eq!(stored(&scene, shop, "a.vcf").await.len(), 1);
    assert_eq!(scene.store.files(shop).await.unwrap(), ["a.vcf"]);
}

pub(crate) async fn an_import_into_no_book_leaves_nothing(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let nowhere = BookId(book.0 + 1);
    for contacts in [vec![contact("Ann", &numbers(0..1))], vec![contact("nobody", &[])]] {
        scene.store.import(nowhere, FILE, &contacts).await.unwrap_err();
        assert_eq!(stored(&scene, nowhere, FILE).await, []);
        assert_eq!(all_lines(&scene).await, []);
    }
}

pub(crate) async fn contacts_come_a_page_at_a_time(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let five: Vec<Contact> = ["a", "b", "c", "d", "e"].map(|name| contact(name, &[])).to_vec();
    scene.store.import(book, FILE, &five).await.unwrap();
    let (mut after, mut pages) = (0, Vec::new());
    loop {
        let page = scene.store.contacts(book, FILE, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.id;
        pages.push(page.into_iter().map(|contact| contact.name).collect::<String>());
    }
    assert_eq!(pages, ["ab", "cd", "e"]);
}

/// More rows than any database takes as parameters of one statement.
pub(crate) async fn a_large_file_is_imported_whole(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let many: Vec<Contact> = numbers(0..9_001).into_iter().map(|number| contact("x", &[number])).collect();
    let imported = scene.store.import(book, FILE, &many).await.unwrap();
    assert_eq!(imported, Imported { contacts: 9_001, new_lines: 9_001, known_lines: 0 });
    assert_eq!(stored(&scene, book, FILE).await.len(), 9_001);
    assert_eq!(scene.store.names(&all_lines(&scene).await).await.unwrap().len(), 9_001);
}
