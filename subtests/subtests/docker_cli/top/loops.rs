//! A shell with loops in the background.

use dockertest::engine::Container;
use dockertest::prelude::*;

use super::shown::top;
use super::{LIMIT, Options, Top, run};
use crate::life::words_of;

#[derive(Default)]
pub(super) struct Loops;

impl SubSubtest<Top> for Loops {
    fn run_once(&mut self, _parent: &mut Top, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let top_options = words_of(&options.top_options_csv)?;
        let container = run(ctx, &options, &["bash"])?;
        let mut shell = attach(ctx, &container)?;
        // What is typed is echoed, so it must not look like what it prints.
        type_in(&mut shell, "echo SHE''LL", "SHELL")?;
        let alone = top(ctx, &container, container.name(), &top_options)?;
        check_eq!(alone.len(), 1, "the number of processes of a container with a shell that waits");
        let (idle, busy) = (options.idle_loops, options.busy_loops);
        let script = format!(
            "touch /tmp/go; for n in $(seq {idle}); do (while [ -e /tmp/go ]; do sleep 1; done) & done; \
             for n in $(seq {busy}); do (while [ -e /tmp/go ]; do :; done) & done; echo LOO''PS"
        );
        type_in(&mut shell, &script, "LOOPS")?;
        let many = top(ctx, &container, container.name(), &top_options)?;
        let least = 1 + idle + busy;
        check!(
            (least..=2 * least).contains(&many.len()),
            "of a shell with {least} processes and their children {least} to {} are shown, seen {}",
            2 * least,
            many.len()
        );
        type_in(&mut shell, "rm /tmp/go; wait; echo DO''NE", "DONE")?;
        shell.write_stdin(b"exit\n")?;
        shell.wait(LIMIT)?.must_pass()?;
        container.wait_exit(LIMIT)?;
        let words = ["top", container.name()].map(str::to_owned).into_iter().chain(top_options);
        let refused = ctx.docker(words.collect::<Vec<_>>()).must_fail(1)?;
        let text = refused.stderr_text();
        let says_so =
            text.contains("is not running") && (text.contains(container.id()) || text.contains(container.name()));
        refused.check(says_so, "the message says that the container is not running")?;
        refused.check_eq(refused.stdout_text(), "", "what is shown of a container that has ended")
    }
}

/// Joins the container's shell, in a terminal if it has one.
fn attach(ctx: &Context, container: &Container) -> Outcome<Running> {
    let attach = ctx.docker(["attach", container.name()]);
    let has_terminal = container.inspect()?.config.and_then(|config| config.tty).unwrap_or(false);
    if has_terminal { attach.terminal().spawn() } else { attach.spawn() }
}

fn type_in(shell: &mut Running, line: &str, answer: &str) -> Outcome {
    shell.write_stdin(format!("{line}\n").as_bytes())?;
    shell.wait_for(answer, LIMIT).map(|_| ())
}
