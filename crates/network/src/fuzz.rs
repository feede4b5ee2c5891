//! The checks of the fuzz targets; each stands beside its parser.

pub use crate::{
    http::fuzz::{answer as http, profile},
    osmo::fuzz::frames as hlr,
    reading::fuzz::{table, text},
    smpp::fuzz::delivered,
    sms::fuzz::heard,
};

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::{replay::replay, *};

    #[test]
    fn the_corpus_of_an_hlrs_frames() {
        replay("hlr", hlr);
    }

    #[test]
    fn the_corpus_of_status_services_answers() {
        replay("http", http);
    }

    #[test]
    fn the_corpus_of_profiles() {
        replay("profile", profile);
    }

    #[test]
    fn the_corpus_of_operators_texts() {
        replay("text", text);
    }

    #[test]
    fn the_corpus_of_reading_tables() {
        replay("table", table);
    }

    #[test]
    fn the_corpus_of_texts_that_are_heard() {
        replay("heard", heard);
    }

    #[test]
    fn the_corpus_of_what_an_smsc_delivers() {
        replay("delivered", delivered);
    }
}
