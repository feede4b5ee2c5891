//! What the engine tells about itself while it runs (`ringback --json run`): which lines are at work, and at what.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What was told so far, over all lives of one town's engine.
#[derive(Debug, Default)]
pub(crate) struct Told {
    states: BTreeMap<String, String>,
    orders: BTreeMap<String, u32>,
    /// The state that the last step of the life that was read last led to.
    last: Option<String>,
    /// What did not work in the life that was read last.
    pub(crate) troubles: BTreeSet<String>,
}

impl Told {
    /// Reads what one life has printed.
    pub(crate) fn read_life(&mut self, printed: &str) {
        (self.last, self.troubles) = (None, BTreeSet::new());
        // The last line of a process that was killed may be torn.
        for told in printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            match told["kind"].as_str() {
                Some("step") => self.step(&told),
                Some("trouble") => drop(self.troubles.insert(text(&told["text"]))),
                _ => {}
            }
        }
    }

    fn step(&mut self, told: &Value) {
        let (number, state) = (text(&told["number"]), text(&told["state"]));
        if state.starts_with("pays ") && self.states.get(&number) != Some(&state) {
            *self.orders.entry(number.clone()).or_default() += 1;
        }
        self.last = Some(state.clone());
        self.states.insert(number, state);
    }

    /// How many orders a line has had.
    pub(crate) fn orders(&self, number: &str) -> u32 {
        self.orders.get(number).copied().unwrap_or(0)
    }

    /// What the last life had just committed when it ended; none where no line was at work.
    pub(crate) fn stage(&self) -> Option<&'static str> {
        self.states.values().find(|state| !rests(state))?;
        let Some(last) = &self.last else { return Some("start-up") };
        let stages = [("pays ", "submission"), ("asks what became", "inquiry"), ("delivered; queries", "settling")];
        let found = stages.iter().find(|(part, _)| last.contains(part));
        Some(found.map_or("query", |(_, stage)| stage))
    }
}

/// Whether a line in this state, as `ringback lines` writes it, is not being recovered.
fn rests(state: &str) -> bool {
    let resting = ["parked", "suspended", "no subscriber", "not queried", "unknown", "restricted for", "restricted:"];
    ["in service", "in service, switched off", "restricted"].contains(&state)
        || resting.iter().any(|start| state.starts_with(start))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::Told;

    fn step(number: &str, state: &str) -> String {
        format!("{{\"kind\":\"step\",\"number\":\"{number}\",\"event\":\"x\",\"state\":\"{state}\"}}\n")
    }

    #[test]
    fn the_stage_is_what_was_committed_last_while_any_line_is_at_work() {
        let mut told = Told::default();
        let cases = [
            (step("1", "in service"), None),
            (step("1", "restricted; finding what can be paid"), Some("query")),
            (step("1", "pays the probe: 1.00 CNY"), Some("submission")),
            (step("2", "the probe delivered; queries whether it took effect"), Some("settling")),
            (step("3", "in service"), Some("query")),
            (String::new(), Some("start-up")),
            (step("1", "asks what became of 1.00 CNY (A)"), Some("inquiry")),
            (step("1", "parked: x") + &step("2", "suspended by its owner") + "{\"kind\":\"st", None),
        ];
        for (printed, stage) in cases {
            told.read_life(&printed);
            assert_eq!(told.stage(), stage, "{printed}");
        }
        assert_eq!((told.orders("1"), told.orders("2")), (1, 0));
    }
}
