//! What cannot be shown.

use dockertest::prelude::*;

use super::{LIMIT, Options, Top};

#[derive(Default)]
pub(super) struct Refused;

impl SubSubtest<Top> for Refused {
    fn run_once(&mut self, _parent: &mut Top, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let unknown = ctx.container_name(&options.container_name_prefix);
        let running = ctx.container().start()?;
        let created = ctx.container().create()?;
        let ended = ctx.container().command(["true"]).start()?;
        ended.wait_exit(LIMIT)?;
        let life = running.life()?;
        refuse(ctx, &[&unknown], &["No such container", &unknown])?;
        refuse(ctx, &[created.name()], &[created.id(), "is not running"])?;
        refuse(ctx, &[ended.name(), "-ef"], &[ended.id(), "is not running"])?;
        refuse(ctx, &[], &["requires at least 1 argument"])?;
        refuse(ctx, &[running.name(), "-o", "cmd"], &["Couldn't find PID field in ps output"])?;
        refuse(ctx, &[running.name(), "--nonsense"], &["ps:", "error"])?;
        let command = ctx.docker(["top", running.name(), "--nonsense"]).typed();
        running.must_go_on(&life, &command)?;
        for container in [&created, &ended] {
            check_eq!(container.state()?.running.unwrap_or(false), false, "whether `docker top` started a container");
        }
        Ok(())
    }
}

/// Status 1, nothing shown, and a message with these words.
fn refuse(ctx: &Context, words: &[&str], message: &[&str]) -> Outcome {
    let refused = ctx.docker(["top"].iter().chain(words).copied()).must_fail(1)?;
    for part in message {
        let holds = refused.stderr_text().to_lowercase().contains(&part.to_lowercase());
        refused.check(holds, format!("the message has `{part}`"))?;
    }
    refused.check_eq(refused.stdout_text(), "", "what is shown where nothing can be")
}
