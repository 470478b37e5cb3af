//! A container with one process.

use dockertest::prelude::*;

use super::shown::top;
use super::{Options, Top, run};
use crate::life::words_of;

#[derive(Default)]
pub(super) struct Runsleep;

impl SubSubtest<Top> for Runsleep {
    fn run_once(&mut self, _parent: &mut Top, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let container = run(ctx, &options, &["sleep", "5m"])?;
        must_run(&container.state()?)?;
        let pid = container.state()?.pid.unwrap_or_default();
        let (name, id) = (container.name().to_owned(), container.id().to_owned());
        let configured = words_of(&options.top_options_csv)?;
        let chosen = ["-o", "pid,ppid,user,args"].map(str::to_owned);
        for (called, options) in [(&name, configured.as_slice()), (&id, &[]), (&name, &chosen)] {
            let shown = top(ctx, &container, called, options)?;
            let numbers = shown.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            check_eq!(numbers, pid.to_string(), "the processes of a container that only sleeps");
        }
        Ok(())
    }
}

/// It was started, and nothing has happened to it since.
fn must_run(state: &dockertest::engine::models::ContainerState) -> Outcome {
    let flags = [
        ("running", state.running, true),
        ("paused", state.paused, false),
        ("restarting", state.restarting, false),
        ("killed for want of memory", state.oom_killed, false),
    ];
    for (what, seen, expected) in flags {
        check_eq!(seen.unwrap_or(false), expected, "whether the container is {what}");
    }
    check_eq!(state.exit_code.unwrap_or_default(), 0, "the exit status of a container that runs");
    check_eq!(state.error.as_deref().unwrap_or_default(), "", "the error of a container that runs");
    let finished = state.finished_at.as_deref().unwrap_or_default();
    check!(finished.starts_with("0001-01-01"), "a container that runs has not finished, seen `{finished}`");
    let started = state.started_at.as_deref().unwrap_or_default();
    check!(started > finished, "a container that runs has been started, seen `{started}`");
    check!(state.pid.unwrap_or_default() > 1, "a container that runs has a process");
    Ok(())
}
