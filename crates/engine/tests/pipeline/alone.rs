//! What the engine leaves alone: everything while it only looks, other people's books, and a line that cannot be committed.

use ringback_core::{
    Judgement, Line, LineId, Mode, Msisdn, Now, Read, Status,
    line::{Consents, State},
    recovery::{Event, Word},
};
use ringback_engine::Input;
use ringback_store::{Contact, Filter, Store};

use crate::world::{Db, Disk, SET, Setup, cny, number, policy};

#[test]
fn who_only_looks_starts_nothing_and_goes_on_with_nothing() {
    let mut world = Setup::lines(2).world();
    (1..=2).for_each(|line| world.network.needs(number(line), cny(9)));
    world.check([1]);
    world.run_to(super::commit::carries_an_order);
    world.crash();
    world.engine.only_look();
    world.check([1, 2]);
    world.run();
    assert!(world.provider.submitted.is_empty());
    assert!(matches!(world.db.line(1).state, State::Open(_)), "it is neither ended nor moved on");
    assert_eq!(world.db.line(2).state, State::Idle);
    assert_eq!(world.db.line(2).seen.unwrap().status.judged(), Judgement::Restricted);
    assert!(world.db.journal(2).iter().any(|event| matches!(event, Event::Looked(_))));
}

#[test]
fn a_line_that_contradicts_what_is_stored_holds_up_no_other() {
    let mut world = Setup::lines(5).world();
    (1..=5).for_each(|line| world.network.needs(number(line), cny(1)));
    world.disk = Box::new(|batch| {
        let refused = batch.changes.iter().any(|change| change.step.line.id == LineId(3));
        if refused { Disk::Refuses } else { Disk::Works }
    });
    world.check(1..=5);
    world.run();
    for line in [1, 2, 4, 5] {
        assert_eq!(world.provider.received(number(line)), cny(1 + SET), "line {line}");
    }
    assert_eq!(world.provider.received(number(3)), cny(0));
    assert!(world.log.troubles.iter().any(|text| text.contains("was not committed")), "{:?}", world.log.troubles);
}

#[test]
fn the_lines_of_another_book_are_not_touched() {
    let mut world = Setup::lines(1).world_with(|config| config.check_every_ms = Some(3_600_000));
    let shop = world.db.other_book("shop", number(7));
    world.engine.start_sweeping();
    world.handle(vec![Input::Tick]);
    world.run_for(60_000);
    assert_eq!((world.log.queries_of(1), world.log.queries_of(shop.0)), (1, 0));
}

#[test]
fn k4_a_claim_is_not_sent_while_it_is_doubtful_whose_number_it_is() {
    let mut world = Setup::lines(1).world();
    world.network.suspended(number(1));
    world.desk.patience = 1_000;
    world.check([1]);
    world.run_until(|world| world.log.claimed.len() > 8);
    world.tell(1, Event::Answered(gone(&world.db.line(1), world.now)));
    world.run_for(60_000);
    let before = world.log.claimed.len();
    world.run_for(24 * 3_600_000);
    assert_eq!(world.log.claimed.len(), before, "the desk is asked nothing more");
    world.tell(1, Event::Told(Word::Confirmed));
    world.run_for(2 * 3_600_000);
    assert!(world.log.claimed.len() > before, "and then it is");
}

fn gone(line: &Line, issued: Now) -> Read {
    let status = Status::not_in_service();
    Read { status, issued, outcomes: line.outcomes, channel: "network".into(), imsi: None }
}

/// Only what the test needs of a second owner.
impl Db {
    fn other_book(&self, name: &str, msisdn: Msisdn) -> LineId {
        let book = self.wait(self.store.save_book(name, "CN", &policy()));
        let contact = Contact { raw: Vec::new(), name: name.into(), numbers: vec![msisdn] };
        self.wait(self.store.import(book, "theirs.vcf", &[contact]));
        let filter = Filter { books: Some(vec![book]), ..Filter::default() };
        let line = self.lines(&filter).remove(0).id;
        let consents = Consents { payment_ms: Some(1), query_ms: Some(1) };
        self.tell(&[(line, Word::Enrolled(consents, Mode::Auto))]);
        line
    }
}
