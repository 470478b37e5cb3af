//! Where a step's time goes: into the engine, into waiting for what the test is about, or into us.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What a step has spent so far.
#[derive(Debug)]
pub(crate) struct Spent {
    begun: Instant,
    commands: Account,
    requests: Account,
    waits: Account,
}

/// How often, and how long.
#[derive(Debug, Default)]
struct Account {
    count: Cell<u32>,
    time: Cell<Duration>,
}

impl Account {
    fn add(&self, time: Duration) {
        self.count.set(self.count.get() + 1);
        self.time.set(self.time.get() + time);
    }
}

impl Spent {
    pub(crate) fn new() -> Self {
        let [commands, requests, waits] = <[Account; 3]>::default();
        Spent { begun: Instant::now(), commands, requests, waits }
    }

    /// A call of the command line took this long.
    pub(crate) fn command(&self, time: Duration) {
        self.commands.add(time);
    }

    /// A request to the engine's API took this long.
    pub(crate) fn request(&self, time: Duration) {
        self.requests.add(time);
    }

    /// It was waited this long for what the test is about.
    pub(crate) fn wait(&self, time: Duration) {
        self.waits.add(time);
    }

    /// How many commands there were.
    pub(crate) fn commands(&self) -> u32 {
        self.commands.count.get()
    }

    /// The figures for the step's keyvals; none when the engine was not used at all.
    pub(crate) fn figures(&self) -> Option<BTreeMap<String, String>> {
        let accounts = [&self.commands, &self.requests, &self.waits];
        if accounts.iter().all(|account| account.count.get() == 0) {
            return None;
        }
        let engine = self.commands.time.get() + self.requests.time.get();
        let waiting = self.waits.time.get();
        let own = self.begun.elapsed().saturating_sub(engine + waiting);
        let seconds = |time: Duration| format!("{:.3}", time.as_secs_f64());
        Some(BTreeMap::from([
            ("time_engine".to_owned(), seconds(engine)),
            ("time_waiting".to_owned(), seconds(waiting)),
            ("time_own".to_owned(), seconds(own)),
            ("engine_commands".to_owned(), self.commands.count.get().to_string()),
            ("engine_requests".to_owned(), self.requests.count.get().to_string()),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_without_an_engine_has_no_figures() {
        assert_eq!(Spent::new().figures(), None);
    }

    #[test]
    fn what_is_neither_the_engines_nor_waiting_is_ours() {
        let spent = Spent { begun: Instant::now() - Duration::from_millis(1000), ..Spent::new() };
        spent.command(Duration::from_millis(300));
        spent.command(Duration::from_millis(100));
        spent.request(Duration::from_millis(50));
        spent.wait(Duration::from_millis(500));
        let figures = spent.figures().unwrap();
        let figure = |name: &str| figures[name].parse::<f64>().unwrap();
        assert_eq!((figure("time_engine"), figure("time_waiting")), (0.45, 0.5));
        assert!((0.05..0.5).contains(&figure("time_own")), "{figures:?}");
        assert_eq!((figures["engine_commands"].as_str(), figures["engine_requests"].as_str()), ("2", "1"));
    }
}
