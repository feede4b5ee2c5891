//! Which channels are asked together, and how often each in a day.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use ringback_core::Route;

use super::{LimitSettings, RouteSettings, Settings};

impl Settings {
    /// The route or the one channel of this name.
    pub(crate) fn route(&self, name: &str) -> Option<Route> {
        match self.route.get(name) {
            Some(route) => Some(route.route()),
            None => self.channel.contains_key(name).then(|| Route::of(name)),
        }
    }

    /// Everything that a line may be asked about by: each route, and each channel by itself.
    pub(crate) fn routes(&self) -> BTreeMap<String, Route> {
        let names = self.channel.keys().chain(self.route.keys());
        names.filter_map(|name| Some((name.clone(), self.route(name)?))).collect()
    }
}

impl RouteSettings {
    fn route(&self) -> Route {
        Route { channels: self.channels.clone(), agree: self.agree, guards: self.guards.clone() }
    }
}

impl LimitSettings {
    /// How many queries a day allows: what is counted, and what the cost of one leaves room for.
    pub(crate) fn queries_per_day(&self) -> Option<u32> {
        let affordable = self.cost.zip(self.cost_per_day).map(|(cost, per_day)| {
            let queries = per_day.minor() / cost.minor();
            u32::try_from(queries).unwrap_or(u32::MAX)
        });
        self.per_day.into_iter().chain(affordable).min()
    }
}

/// Every name is that of a channel, and as many are asked as have to agree.
pub(super) fn check(settings: &Settings) -> Result<()> {
    for (name, route) in &settings.route {
        let place = format!("route.{name}");
        ensure!(!settings.channel.contains_key(name), "{place}: a channel has this name already; write another one");
        for name in &route.channels {
            ensure!(settings.channel.contains_key(name), "{place}.channels: there is no [channel.{name}]");
        }
        for name in &route.guards {
            ensure!(settings.guard.contains_key(name), "{place}.guards: there is no [guard.{name}]");
        }
        let mut names: Vec<&String> = route.channels.iter().chain(&route.guards).collect();
        names.sort();
        if let Some([twice, ..]) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            bail!("{place}: `{twice}` is named twice; ask each of them once");
        }
        let most = route.channels.len();
        ensure!(most > 0, "{place}.channels: name at least one channel");
        ensure!(
            (1..=most).contains(&route.agree),
            "{place}.agree: {} of {most} channels cannot agree; write 1 to {most}",
            route.agree
        );
    }
    if let Some(name) = settings.guard.keys().find(|name| settings.channel.contains_key(*name)) {
        bail!("guard.{name}: a channel has this name already; write another one");
    }
    for (name, channel) in &settings.channel {
        check_budget(channel.limits()).with_context(|| format!("channel.{name}.limits"))?;
    }
    for (name, provider) in &settings.provider {
        let limits = provider.limits();
        let counted = limits.per_day.is_some() || limits.cost.is_some() || limits.cost_per_day.is_some();
        ensure!(!counted, "provider.{name}.limits: a day's budget is a channel's; caps bind what providers are paid");
    }
    Ok(())
}

fn check_budget(limits: &LimitSettings) -> Result<()> {
    let Some(per_day) = limits.cost_per_day else { return Ok(()) };
    let cost = limits.cost.context("cost_per_day: say with `cost` what one query costs")?;
    for (key, amount) in [("cost", cost), ("cost_per_day", per_day)] {
        amount.positive().with_context(|| format!("{key}: write an amount above zero"))?;
    }
    ensure!(
        cost.currency() == per_day.currency(),
        "cost_per_day: {per_day} is not in {}, the currency of cost",
        cost.currency()
    );
    ensure!(cost.minor() <= per_day.minor(), "cost_per_day: {per_day} does not pay for one query, which costs {cost}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = include_str!("../../../../fuzz/corpus/config/home");

    fn settings(more: &str) -> Result<Settings> {
        Settings::parse(&format!("{HOME}\n{more}"))
    }

    fn error(more: &str) -> String {
        format!("{:#}", settings(more).unwrap_err())
    }

    #[test]
    fn a_route_names_channels_that_there_are() {
        let name = settings("").unwrap().channel.keys().next().unwrap().clone();
        let routed = settings(&format!("[route.both]\nchannels = [\"{name}\"]")).unwrap();
        assert_eq!(routed.route("both"), Some(Route::of(&*name)));
        assert_eq!(routed.routes().len(), routed.channel.len() + 1);
        assert!(error("[route.r]\nchannels = [\"x\"]").contains("there is no [channel.x]"));
        assert!(error("[route.r]\nchannels = []").contains("at least one"));
        for (agree, told) in [(0, "write 1 to 1"), (2, "write 1 to 1")] {
            assert!(error(&format!("[route.r]\nchannels = [\"{name}\"]\nagree = {agree}")).contains(told));
        }
        let guarded = format!("[route.r]\nchannels = [\"{name}\"]\nguards = [\"{name}\"]");
        assert!(error(&guarded).contains(&format!("no [guard.{name}]")));
        assert!(error(&format!("[route.r]\nchannels = [\"{name}\", \"{name}\"]")).contains("named twice"));
        assert!(error(&format!("[route.{name}]\nchannels = [\"{name}\"]")).contains("this name already"));
    }

    #[test]
    fn a_budget_is_the_least_of_what_is_said() {
        let day = |limits: &str| toml::from_str::<LimitSettings>(limits).unwrap();
        assert_eq!(day("").queries_per_day(), None);
        assert_eq!(day("per_day = 7").queries_per_day(), Some(7));
        let cost = "cost = \"0.03 CNY\"\ncost_per_day = \"1 CNY\"";
        assert_eq!(day(cost).queries_per_day(), Some(33));
        assert_eq!(day(&format!("{cost}\nper_day = 9")).queries_per_day(), Some(9));
        for (limits, told) in [
            ("cost_per_day = \"1 CNY\"", "say with `cost`"),
            ("cost = \"0 CNY\"\ncost_per_day = \"1 CNY\"", "above zero"),
            ("cost = \"1 EUR\"\ncost_per_day = \"1 CNY\"", "currency of cost"),
            ("cost = \"2 CNY\"\ncost_per_day = \"1 CNY\"", "does not pay for one"),
        ] {
            let error = format!("{:#}", check_budget(&day(limits)).unwrap_err());
            assert!(error.contains(told), "{error}");
        }
    }
}
