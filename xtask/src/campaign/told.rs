//! What the engine tells about itself while it runs (`ringback --json run`): which lines are at work, and at what.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What was told so far, over all lives of one town's engine.
#[derive(Debug, Default)]
pub(crate) struct Told {
    states: BTreeMap<String, String>,
    orders: BTreeMap<String, u32>,
    /// Steps of the life that was read last.
    steps: usize,
    /// What did not work in the life that was read last.
    pub(crate) troubles: BTreeSet<String>,
}

impl Told {
    /// Reads what one life has printed.
    pub(crate) fn read_life(&mut self, printed: &str) {
        (self.steps, self.troubles) = (0, BTreeSet::new());
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
        self.steps += 1;
        if state.starts_with("pays ") && self.states.get(&number) != Some(&state) {
            *self.orders.entry(number.clone()).or_default() += 1;
        }
        self.states.insert(number, state);
    }

    /// How many orders a line has had.
    pub(crate) fn orders(&self, number: &str) -> u32 {
        self.orders.get(number).copied().unwrap_or(0)
    }

    /// Where the last life was when it ended; none where no line was at work.
    pub(crate) fn stage(&self) -> Option<&'static str> {
        let at = |part: &str| self.states.values().any(|state| state.contains(part));
        let at_work = self.states.values().any(|state| !rests(state));
        match () {
            () if !at_work => None,
            () if self.steps == 0 => Some("start-up"),
            () if at("pays ") => Some("submission"),
            () if at("asks what became") => Some("inquiry"),
            () if at("delivered; queries") => Some("settling"),
            () => Some("query"),
        }
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
    fn the_stage_is_where_money_is_first() {
        let mut told = Told::default();
        let cases = [
            (step("1", "in service"), None),
            (step("1", "restricted; finding what can be paid"), Some("query")),
            (step("1", "pays the probe: 1.00 CNY"), Some("submission")),
            (step("2", "the probe delivered; queries whether it took effect"), Some("submission")),
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
