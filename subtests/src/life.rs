//! What the tests of a container's life (start, stop, restart, rm, wait) have in common.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use dockertest::engine::{Container, Event, Events};
use dockertest::prelude::*;

/// How long the engine may take to tell what it did.
const EVENTS_LIMIT: Duration = Duration::from_secs(10);

/// A file that every container has. That it is read is an event, too.
const MARK: &str = "/etc/hostname";
const MARKED: &str = "archive-path";

/// What newer clients print on standard output about the old name of an option.
const DEPRECATED_TIME: &str = "Flag --time has been deprecated, use --timeout instead\n";

/// Whether the engine is podman.
pub(crate) fn is_podman(ctx: &Context) -> bool {
    ctx.engine().is_some_and(|engine| engine.flavor == "podman")
}

/// The status of a command that names a container that there is not.
pub(crate) fn missing_status(ctx: &Context) -> i32 {
    if is_podman(ctx) { 125 } else { 1 }
}

/// The words of an option that holds a list; an item is one or more words, quoted as for a shell.
pub(crate) fn words(ctx: &Context, option: &str) -> Outcome<Vec<String>> {
    let mut words = Vec::new();
    for item in ctx.section().list(option) {
        let split = shlex::split(&item).ok_or_else(|| bad_option(option, &item, "an item has an open quote"))?;
        words.extend(split);
    }
    Ok(words)
}

/// The words of a list of options: an item may hold several, quoted as for a shell.
pub(crate) fn words_of(options: &[String]) -> Outcome<Vec<String>> {
    let mut words = Vec::new();
    for option in options {
        let split = shlex::split(option);
        words.extend(split.ok_or_else(|| std::io::Error::other(format!("`{option}` has an open quote")))?);
    }
    Ok(words)
}

/// A script as it is handed over to `bash -c`. It may be quoted as for a shell that stands before bash.
pub(crate) fn script(text: &str) -> String {
    let text = text.trim();
    let quoted = text.starts_with(['\'', '"']).then(|| shlex::split(text)).flatten();
    match quoted.as_deref() {
        Some([one]) => one.clone(),
        _ => text.to_owned(),
    }
}

/// An option that makes no sense.
pub(crate) fn bad_option(option: &str, value: &str, problem: &str) -> Failure {
    Failure::new(dockertest::verdict::Verdict::Error, format!("option `{option}` is `{value}`: {problem}"))
}

/// The words that begin a container which a test is about: it has no network, for that is not the subject.
pub(crate) fn run_words(ctx: &Context, options: &[String], name: &str) -> Vec<String> {
    let mut words = vec!["run".to_owned()];
    words.extend(options.iter().cloned());
    words.push(format!("--name={name}"));
    if !options.iter().any(|option| option.starts_with("--net")) {
        words.push("--network=none".to_owned());
    }
    words.extend(ctx.labels());
    words
}

/// The command must pass and print the name, nothing else.
pub(crate) fn printed_name(ctx: &Context, seen: Completed, name: &str) -> Outcome<Completed> {
    let mut seen = seen.must_pass()?;
    let plain = seen.stdout_text().replacen(DEPRECATED_TIME, "", 1);
    seen.stdout = plain.into_bytes();
    if is_podman(ctx) {
        // It tells that the grace time was not enough.
        let lines = seen
            .stderr_text()
            .lines()
            .filter(|line| !line.contains("resorting to SIGKILL"))
            .collect::<Vec<_>>()
            .join("\n");
        seen.stderr = lines.into_bytes();
    }
    Ok(seen.prints(&format!("{name}\n"))?)
}

/// The command must fail, print nothing, and say that there is no such container, by name.
pub(crate) fn refused_missing(ctx: &Context, seen: Completed, name: &str) -> Outcome {
    let seen = seen.must_fail(missing_status(ctx))?;
    seen.check_eq(seen.stdout_text(), "", "standard output of a command that fails")?;
    let said = seen.said();
    let names_it = said.iter().any(|line| line.to_lowercase().contains("no such container") && line.contains(name));
    seen.check(names_it, format!("standard error says that there is no such container, and names `{name}`"))
}

/// A duration must be the expected one, within a tolerance.
pub(crate) fn took(seen: &Completed, expected: Duration, tolerance: Duration) -> Outcome {
    let least = expected.saturating_sub(tolerance);
    let is_right = seen.duration >= least && seen.duration <= expected + tolerance;
    let (least, most) = (least.as_secs_f64(), (expected + tolerance).as_secs_f64());
    seen.check(
        is_right,
        format!("it takes between {least} s and {most} s (seen: {:.2} s)", seen.duration.as_secs_f64()),
    )
}

/// Whether these labels say that this step made what bears them.
pub(crate) fn is_of_step(ctx: &Context, labels: Option<&HashMap<String, String>>) -> bool {
    let given = |name: &String, value: &String| format!("--label={name}={value}");
    let seen: Vec<String> = labels.into_iter().flatten().map(|(name, value)| given(name, value)).collect();
    ctx.labels().iter().all(|label| seen.contains(label))
}

/// All that the engine knows about a container, one thing to a line.
pub(crate) fn known(container: &Container) -> Outcome<String> {
    let mut known = container.inspect()?;
    // Podman unmounts the root a moment after the container has ended, and forgets where it was, and from 5.8 on also
    // that there was an init.
    if let Some(driver) = &mut known.graph_driver {
        driver.data.remove("MergedDir");
    }
    if let Some(annotations) = known.host_config.as_mut().and_then(|config| config.annotations.as_mut()) {
        annotations.remove("io.podman.annotations.init");
    }
    // By way of a value, whose names are sorted.
    Ok(serde_json::to_string_pretty(&serde_json::to_value(known)?)?)
}

/// Fails unless nothing has changed; shows only what has.
pub(crate) fn unchanged(seen: &Completed, what: impl std::fmt::Display, before: &str, after: &str) -> Outcome {
    let only = |of: &str, other: &str| {
        of.lines().filter(|line| !other.lines().any(|known| known == *line)).collect::<Vec<_>>().join("\n")
    };
    if before == after { Ok(()) } else { seen.check_eq(only(after, before), only(before, after), what) }
}

/// A container that a command is not about, and must leave alone.
pub(crate) struct Bystander {
    container: Container,
    known: String,
}

impl Bystander {
    pub(crate) fn start(ctx: &mut Context) -> Outcome<Bystander> {
        let name = ctx.container_name("bystander");
        let container = ctx.container().name(name).start()?;
        Ok(Bystander { known: known(&container)?, container })
    }

    /// Fails if the command has done anything to it.
    pub(crate) fn is_untouched(&self, seen: &Completed) -> Outcome {
        seen.check(self.container.exists()?, format!("container {} is not concerned", self.container.name()))?;
        let what = format!("what the engine knows about container {}, which is not concerned", self.container.name());
        unchanged(seen, what, &self.known, &known(&self.container)?)
    }
}

/// What becomes of a container that is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It obeys SIGTERM.
    Obeys,
    /// It is killed when its time is over.
    Killed,
    /// It has ended by itself before.
    HasEnded,
}

/// A subtest whose command must leave a bystander alone, and refuses a name that no container has.
#[derive(Default)]
pub(crate) struct Alone(Option<Bystander>);

impl Alone {
    pub(crate) fn begin(&mut self, ctx: &mut Context) -> Outcome {
        self.0 = Some(Bystander::start(ctx)?);
        Ok(())
    }

    /// The subcommand is told a name that no container has.
    pub(crate) fn refuses_nobody(&self, ctx: &mut Context, subcommand: &str) -> Outcome {
        let nobody = ctx.container_name("nobody");
        let seen = ctx.docker([subcommand, &nobody]).run()?;
        refused_missing(ctx, seen.clone(), &nobody)?;
        self.is_alone(&seen)
    }

    /// The container that nobody speaks of is as it was.
    pub(crate) fn is_alone(&self, seen: &Completed) -> Outcome {
        self.0.as_ref().map_or(Ok(()), |bystander| bystander.is_untouched(seen))
    }
}

/// What happens to one container, by the engine's own account.
pub(crate) struct Watch {
    name: String,
    /// Nothing for engines whose accounts differ.
    events: Option<Events>,
    /// Whether the container has been removed.
    is_over: bool,
}

impl Watch {
    /// From now on, if there is the container already. Podman tells other events.
    pub(crate) fn begin(ctx: &Context, name: &str) -> Outcome<Watch> {
        let filters = [("type", "container"), ("container", name)];
        let events = if is_podman(ctx) { None } else { Some(ctx.api()?.events(&filters)?) };
        let mut watch = Watch { name: name.to_owned(), events, is_over: false };
        watch.settle(ctx)?;
        Ok(watch)
    }

    /// Leaves out what has happened until now.
    pub(crate) fn settle(&mut self, ctx: &Context) -> Outcome {
        let Some(events) = &mut self.events else { return Ok(()) };
        if ctx.api()?.get_archive(&self.name, MARK).is_ok() {
            events.until(|event| event.action == MARKED, EVENTS_LIMIT)?;
        }
        Ok(())
    }

    /// Fails unless exactly these steps have happened since the last call, such as `kill 15`, `die`, `stop`. With `die`
    /// as the last of them it is a container that ends by itself meanwhile: then no order is expected.
    pub(crate) fn happened(&mut self, ctx: &Context, seen: &Completed, expected: &[&str]) -> Outcome {
        let Some(mut steps) = self.steps(ctx, expected)? else { return Ok(()) };
        let mut expected = expected.to_vec();
        if expected.last() == Some(&"die") {
            steps.sort_unstable();
            expected.sort_unstable();
        }
        seen.check_eq(steps.join(", "), expected.join(", "), "what the engine did to the container, by its events")
    }

    /// Fails if anything else has happened since the last call; of these, some may have happened before it.
    pub(crate) fn happened_at_most(&mut self, ctx: &Context, seen: &Completed, expected: &[&str]) -> Outcome {
        let Some(steps) = self.steps(ctx, &[])? else { return Ok(()) };
        let other: Vec<String> = steps.into_iter().filter(|step| !expected.contains(&step.as_str())).collect();
        let what = format!("what the engine did to container {} besides {}", self.name, expected.join(", "));
        seen.check_eq(other.join(", "), "", what)
    }

    /// All steps until now, if as many come as are expected; nothing for an engine that is not asked.
    fn steps(&mut self, ctx: &Context, expected: &[&str]) -> Outcome<Option<Vec<String>>> {
        let Some(events) = &mut self.events else { return Ok(None) };
        let deadline = Instant::now() + EVENTS_LIMIT;
        let mut steps: Vec<String> = Vec::new();
        let mut is_marked = false;
        loop {
            if steps.len() >= expected.len() && !is_marked {
                // What the engine tells of this comes after all else.
                is_marked = true;
                self.is_over |= ctx.api()?.get_archive(&self.name, MARK).is_err();
            }
            if is_marked && self.is_over {
                break;
            }
            let event = match events.next(deadline.saturating_duration_since(Instant::now())) {
                Ok(event) => event,
                Err(failure) if failure.verdict() == dockertest::verdict::Verdict::Fail => break,
                Err(failure) => return Err(failure),
            };
            self.is_over |= event.action == "destroy";
            if event.action == MARKED {
                break;
            }
            // A container that removes itself may be gone before a stop of it is told.
            steps.extend(step(&event).filter(|step| step != "destroy" || expected.contains(&"destroy")));
        }
        in_order(&mut steps);
        Ok(Some(steps))
    }
}

/// What an event says in words; nothing for those about clients that come and go.
fn step(event: &Event) -> Option<String> {
    match event.action.as_str() {
        "kill" => Some(format!("kill {}", event.attribute("signal"))),
        step @ ("create" | "start" | "die" | "stop" | "restart" | "destroy" | "pause" | "unpause" | "rename"
        | "oom" | "update" | "commit") => Some(step.to_owned()),
        _ => None,
    }
}

/// The engine tells of the end of a container and of a stop that is done at the same time, in either order.
fn in_order(steps: &mut [String]) {
    for index in 1..steps.len() {
        if steps[index] == "die" && steps[index - 1] == "stop" {
            steps.swap(index - 1, index);
        }
    }
}

/// Fails unless these lines are in the text, in this order; others may be between them.
pub(crate) fn lines_in_order(text: &str, expected: &[String]) -> Result<(), String> {
    let mut lines = text.lines();
    let missing = expected.iter().find(|expected| !lines.any(|line| line == expected.as_str()));
    missing.map_or(Ok(()), |missing| Err(missing.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_may_be_quoted_as_for_a_shell() {
        assert_eq!(script("trap 'echo x' TERM; sleep 1"), "trap 'echo x' TERM; sleep 1");
        assert_eq!(script("'for N in 1 2; do echo $N; done'"), "for N in 1 2; do echo $N; done");
        assert_eq!(
            script(r#""trap 'exit' SIGTERM; echo \"X\"; sleep 1""#),
            r#"trap 'exit' SIGTERM; echo "X"; sleep 1"#
        );
        assert_eq!(script("'a' 'b'"), "'a' 'b'");
    }

    #[test]
    fn lines_may_have_others_between_them_but_not_another_order() {
        let expected = ["a", "b"].map(str::to_owned);
        assert_eq!(lines_in_order("x\na\ny\nb\n", &expected), Ok(()));
        assert_eq!(lines_in_order("b\na\n", &expected), Err("b".to_owned()));
        assert_eq!(lines_in_order("ab\n", &expected), Err("a".to_owned()));
    }

    #[test]
    fn an_end_comes_before_the_stop_that_is_done() {
        let mut steps = ["kill 15", "stop", "die", "start"].map(str::to_owned);
        in_order(&mut steps);
        assert_eq!(steps, ["kill 15", "die", "stop", "start"]);
    }
}
