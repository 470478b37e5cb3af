//! `docker run`: a name that a container has is refused to a second one.
//!
//! A container is run under a name of its own; what it prints must come through, and it stays when it has ended. Then
//! the same name is asked for again, by `docker run` and by `docker create`. Both must fail (with status 125 and 1),
//! print nothing on standard output, and tell on standard error the name and the container that has it. The first
//! container must be as it was: all that the engine knows about it and all that it has written are compared. No other
//! container may have come about. When the first one is removed the name is free: the same command works again, with a
//! new container.
//!
//! The containers have no network, for it is not the subject.
//!
//! # Engines
//! Docker and podman word the refusal differently. Both have `already in use`, the name, and the id of the container
//! that has it. Podman ends with status 125 whatever the command was.

use std::collections::BTreeSet;

use dockertest::engine::Container;
use dockertest::prelude::*;

use crate::life;

#[derive(Default)]
struct RunTwice {
    name: String,
    image: String,
    first: Option<First>,
}

/// The container that has the name, as it was before somebody else asked for it.
struct First {
    container: Container,
    known: String,
    written: String,
}

impl Subtest for RunTwice {
    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        self.image = ctx.image()?;
        self.name = ctx.container_name("twice");
        Ok(())
    }

    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        let first = self.runs(ctx)?;
        let is_podman = ctx.engine().is_some_and(|engine| engine.flavor == "podman");
        for (subcommand, status) in [("run", 125), ("create", if is_podman { 125 } else { 1 })] {
            let seen = self.command(ctx, subcommand).must_fail(status)?;
            is_conflict(&seen, &first)?;
            self.is_as_before(ctx, &first, &seen)?;
        }
        self.first = Some(first);
        Ok(())
    }

    fn postprocess(&mut self, ctx: &mut Context) -> Outcome {
        let Some(first) = self.first.take() else { return Ok(()) };
        ctx.api()?.remove(first.container.id())?;
        let second = self.runs(ctx)?;
        let is_new = second.container.id() != first.container.id();
        check!(is_new, "the container that has the name after the removal of the first one is another one");
        Ok(())
    }
}

impl RunTwice {
    fn command(&self, ctx: &Context, subcommand: &str) -> Command {
        let name = format!("--name={}", self.name);
        let mut words = vec![subcommand.to_owned(), name, "--network=none".to_owned()];
        words.extend(ctx.labels());
        words.extend([&self.image, "/bin/bash", "-c", &self.script()].map(ToString::to_string));
        ctx.docker(words)
    }

    /// What the container does; nothing else has these words.
    fn script(&self) -> String {
        format!("echo 'test {}'", self.name)
    }

    /// Runs it while the name is free.
    fn runs(&self, ctx: &Context) -> Outcome<First> {
        let written = format!("test {}\n", self.name);
        let seen = self.command(ctx, "run").must_pass()?.prints(&written)?;
        let container = Container::find(ctx, &self.name)?;
        let found = container.inspect()?;
        seen.check_eq(found.name.as_deref().unwrap_or_default().trim_start_matches('/'), &self.name, "its name")?;
        let command = found.config.and_then(|config| config.cmd).unwrap_or_default();
        seen.check_eq(command.join(" "), format!("/bin/bash -c {}", self.script()), "the container's command")?;
        let state = container.state()?;
        seen.check(state.running == Some(false), "the container has ended")?;
        seen.check_eq(state.exit_code.unwrap_or(-1), 0, "the container's exit status")?;
        seen.check_eq(container.logs()?.stdout_text(), &written, "what the container wrote")?;
        self.is_alone(ctx, &container, &seen)?;
        Ok(First { known: life::known(&container)?, container, written })
    }

    fn is_as_before(&self, ctx: &Context, first: &First, seen: &Completed) -> Outcome {
        let holder = Container::find(ctx, &self.name)?;
        seen.check_eq(holder.id(), first.container.id(), "the container that has the name")?;
        let what = "what the engine knows about the first container";
        life::unchanged(seen, what, &first.known, &life::known(&holder)?)?;
        let logs = holder.logs()?;
        seen.check_eq(logs.stdout_text(), &first.written, "what the first container wrote")?;
        seen.check_eq(logs.stderr_text(), "", "what the first container wrote on standard error")?;
        self.is_alone(ctx, &holder, seen)
    }

    /// No other container has come about: none of this step, none that does the same.
    fn is_alone(&self, ctx: &Context, container: &Container, seen: &Completed) -> Outcome {
        let all = ctx.api()?.containers(true)?;
        let ours = all.into_iter().filter(|found| {
            let same = found.command.as_ref().is_some_and(|command| command.contains(&self.name));
            same || life::is_of_step(ctx, found.labels.as_ref())
        });
        let ids: BTreeSet<String> = ours.filter_map(|found| found.id).collect();
        let seen_ids = ids.into_iter().collect::<Vec<_>>().join(" ");
        seen.check_eq(seen_ids, container.id(), "the containers of this test")
    }
}

/// The refusal names the name and who has it, and there is nothing else.
fn is_conflict(seen: &Completed, first: &First) -> Outcome {
    seen.check_eq(seen.stdout_text(), "", "standard output of a command that fails")?;
    let said = seen.said();
    let (refusal, others): (Vec<&String>, Vec<&String>) = said.iter().partition(|line| line.contains("already in use"));
    let [refusal] = refusal[..] else {
        return seen.check(false, "one line on standard error says `already in use`");
    };
    let (name, id) = (first.container.name(), first.container.id());
    let names_it = refusal.contains(&format!("\"{name}\"")) || refusal.contains(&format!("\"/{name}\""));
    seen.check(names_it, format!("the refusal names `{name}`"))?;
    seen.check(refusal.contains(id), format!("the refusal names the container that has the name, {id}"))?;
    let is_usual = |line: &&String| {
        let line = line.trim();
        // Some clients also say that they do not wait for the container that there is not.
        line.is_empty() || line.contains("--help'") || line.contains("error waiting for container: context canceled")
    };
    let other = others.into_iter().find(|line| !is_usual(line));
    seen.check(other.is_none(), "standard error has the refusal and where there is help, and nothing else")
}

dockertest::subtest!(RunTwice, "A name that a container has is refused to a second one.");
