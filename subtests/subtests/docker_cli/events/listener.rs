//! What the API told, and clients that must tell the same.

use std::time::Duration;

use dockertest::outcome::Evidence;
use dockertest::prelude::*;

use super::line::Told;
use super::{Moment, is_podman};

/// The events that must be told, in order.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) told: Vec<Told>,
    pub(super) is_podman: bool,
}

impl Expected {
    /// Those of the container itself.
    pub(super) fn of_container(&self, id: &str) -> Self {
        self.only(|told| told.id == id)
    }

    /// These and then others.
    pub(super) fn and(&self, more: &Expected) -> Self {
        let told = self.told.iter().chain(&more.told).cloned().collect();
        Expected { told, is_podman: self.is_podman }
    }

    pub(super) fn of_action(&self, actions: &[&str]) -> Self {
        self.only(|told| actions.contains(&told.action.as_str()))
    }

    fn only(&self, is_wanted: impl Fn(&Told) -> bool) -> Self {
        let told = self.told.iter().filter(|told| is_wanted(told)).cloned().collect();
        Expected { told, is_podman: self.is_podman }
    }

    /// A command printed these and nothing else.
    pub(super) fn check(&self, seen: &Completed, read: fn(&str) -> Option<Told>) -> Outcome {
        seen.check_eq(seen.said().join("\n"), "", "standard error")?;
        let lines: Vec<String> = seen.stdout_text().lines().map(str::to_owned).collect();
        self.compare(&seen.command, &lines, read)
    }

    /// Lines that must be these events, one each.
    fn compare(&self, command: &str, lines: &[String], read: fn(&str) -> Option<Told>) -> Outcome {
        let told: Vec<Option<Told>> = lines.iter().map(|line| read(line)).collect();
        let is_same = told.len() == self.told.len()
            && told.iter().zip(&self.told).all(|(seen, told)| seen.as_ref().is_some_and(|seen| self.same(seen, told)));
        if is_same {
            return Ok(());
        }
        let shown = |told: &Told| told.shown();
        let evidence = Evidence {
            command: Some(command.to_owned()),
            expected: Some(self.told.iter().map(shown).collect::<Vec<_>>().join("\n")),
            seen: Some(lines.join("\n")),
            ..Evidence::default()
        };
        Err(CheckFailed::new("what is printed are not the events that the engine's API told", evidence).into())
    }

    /// Podman tells other attributes through its API, but for the rest of an event.
    fn same(&self, seen: &Told, told: &Told) -> bool {
        let of_podman = || {
            let without = |told: &Told| Told { attributes: String::new(), ..told.clone() };
            let named = |told: &Told| told.attributes.split(", ").filter(|pair| pair.starts_with("name=")).count() == 1;
            without(seen) == without(told) && (named(seen) || seen.kind != "container")
        };
        if self.is_podman { of_podman() } else { seen == told }
    }
}

/// A client that listens.
pub(super) struct Listener {
    running: Running,
    read: fn(&str) -> Option<Told>,
    is_podman: bool,
    since: Moment,
}

impl Listener {
    pub(super) fn start(ctx: &Context, since: &Moment, options: &[&str]) -> Outcome<Self> {
        let from = since.text();
        let words = ["events", "--since", &from].into_iter().chain(options.iter().copied());
        let read = if options.contains(&"--format") { Told::of_json } else { Told::of_text };
        Ok(Listener { running: ctx.docker(words).spawn()?, read, is_podman: is_podman(ctx), since: *since })
    }

    /// It must tell these among others.
    pub(super) fn must_hear(&mut self, expected: &Expected, id: &str, limit: Duration, allowance: usize) -> Outcome {
        let lines = self.until_last(expected, limit)?;
        let strange: Vec<&String> = lines.iter().filter(|line| (self.read)(line).is_none()).collect();
        let is_fine = strange.len() <= allowance && strange.iter().all(|line| !line.contains(id));
        check!(is_fine, "of `{}` at most {allowance} lines cannot be read: {strange:?}", self.running.typed());
        let is_old = |line: &&String| (self.read)(line).is_some_and(|told| told.time < self.since.0);
        let old: Vec<&String> = lines.iter().filter(is_old).collect();
        let is_fine = old.is_empty() || self.is_podman;
        check!(is_fine, "`{}` tells nothing of the time before: {old:?}", self.running.typed());
        let ours = |line: &&String| (self.read)(line).is_some_and(|told| told.is_about(id));
        let ours: Vec<String> = lines.iter().filter(ours).cloned().collect();
        expected.compare(&self.running.typed(), &ours, self.read)
    }

    /// It must tell these and nothing else.
    pub(super) fn must_hear_only(&mut self, expected: &Expected, limit: Duration) -> Outcome {
        let lines = self.until_last(expected, limit)?;
        expected.compare(&self.running.typed(), &lines, self.read)
    }

    /// Its lines when it has told the last of these.
    fn until_last(&mut self, expected: &Expected, limit: Duration) -> Outcome<Vec<String>> {
        let Some(last) = expected.told.last() else { return Ok(Vec::new()) };
        let name = match last.action.as_str() {
            "die" if self.is_podman => "died",
            "destroy" if self.is_podman => "remove",
            other => other,
        };
        let id = &last.id;
        let pattern = format!(r#" {name} {id}( |$)|"{name}".*{id}|{id}.*"{name}""#);
        self.running.wait_for(&pattern, limit)?;
        // The rest may be the beginning of a line.
        let printed = self.running.stdout_so_far();
        let whole = printed.rsplit_once('\n').map_or("", |(whole, _)| whole);
        Ok(whole.lines().map(str::to_owned).collect())
    }

    /// Without a time to end at it listens on, and says nothing else.
    pub(super) fn end(mut self) -> Outcome {
        check!(self.running.is_running(), "`{}` listens until it is ended", self.running.typed());
        // With the option -D clients write of what they do.
        let said = self.running.stderr_so_far();
        let said: Vec<&str> = said.lines().filter(|line| !line.contains(" level=debug ")).collect();
        check_eq!(said.join("\n"), "", "standard error of `{}`", self.running.typed());
        self.running.kill();
        Ok(())
    }
}
