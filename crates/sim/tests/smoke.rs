#[test]
fn smoke() {
    let began = std::time::Instant::now();
    let (mut events, mut faults, mut intents, mut bad) =
        (0, 0, 0, std::collections::BTreeMap::<&str, (u64, u64, String)>::new());
    let n: u64 = std::env::var("N").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let from: u64 = std::env::var("FROM").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    for seed in from..from + n {
        let outcome = ringback_sim::one(seed, ringback_sim::Kind::Memory, None, false);
        events += outcome.events;
        faults += outcome.faults;
        intents += outcome.history.facts.iter().filter(|f| matches!(f, ringback_sim::history::Fact::Intent(_))).count();
        for v in outcome.violations {
            let e = bad.entry(v.invariant).or_insert((0, seed, v.detail));
            e.0 += 1;
        }
    }
    for (k, v) in &bad {
        println!("{k}: {} times, seed {}: {}", v.0, v.1, v.2);
    }
    println!("{n} seeds {events} events {faults} faults {intents} intents in {:?}", began.elapsed());
}

#[test]
fn story() {
    let Ok(seed) = std::env::var("SEED") else { return };
    let seed = seed.parse().unwrap();
    let mut found = ringback_sim::shrunk(seed, ringback_sim::Kind::Memory);
    if let Ok(steps) = std::env::var("STEPS") {
        found.steps = steps.parse().unwrap();
    }
    let outcome = ringback_sim::one(seed, ringback_sim::Kind::Memory, Some(found.steps), true);
    for line in outcome.story {
        println!("{line}");
    }
    for v in outcome.violations {
        println!("{}: {}", v.invariant, v.detail);
    }
    println!("{found:?}");
}
