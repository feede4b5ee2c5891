//! Numbers that a person types in.

use ringback_core::{Msisdn, MsisdnError};

use crate::problem::Problem;

/// Reads numbers separated by commas, semicolons or line breaks, half or full width; each may contain spaces.
///
/// One result for each item in its order; a problem names the item and its line in the text.
pub fn typed(text: &str, region: &str) -> Vec<Result<Msisdn, Problem>> {
    let item = |(line, item)| Msisdn::parse(item, region).map_err(|error| problem(line, item, &error));
    items(text).map(item).collect()
}

const SEPARATORS: [char; 6] = [',', ';', '，', '；', '、', '\r'];

fn items(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    let items = lines.flat_map(|(at, line)| line.split(SEPARATORS).map(move |item| (at + 1, item.trim())));
    items.filter(|(_, item)| !item.is_empty())
}

fn problem(line: usize, item: &str, error: &MsisdnError) -> Problem {
    let (reason, remedy) = match error {
        MsisdnError::Number(_) => ("this is no telephone number", "write it as +, country code, number"),
        MsisdnError::Region(_) => ("the book's region is not known", "set it to two letters of ISO 3166, such as CN"),
    };
    Problem { line, field: item.to_owned(), reason: reason.to_owned(), remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_separator_and_habit_is_read() {
        let text = "138 0013 8000, +86 139-0013-9000;\n１３７００１３７０００、0086 13600136000，\r\n";
        let numbers: Vec<_> = typed(text, "CN").into_iter().map(|item| item.unwrap().to_string()).collect();
        assert_eq!(numbers, ["+8613800138000", "+8613900139000", "+8613700137000", "+8613600136000"]);
    }

    #[test]
    fn a_problem_names_its_item_and_the_others_are_read() {
        let results = typed("13800138000\n12345; 10086", "CN");
        assert!(results[0].is_ok());
        let problem = results[1].clone().unwrap_err();
        assert_eq!((problem.line, problem.field.as_str()), (2, "12345"));
        assert_eq!(results[2].clone().unwrap_err().field, "10086");
        assert!(typed("13800138000", "??")[0].clone().unwrap_err().reason.contains("region"));
        assert!(typed(" ,;\n", "CN").is_empty());
    }
}
