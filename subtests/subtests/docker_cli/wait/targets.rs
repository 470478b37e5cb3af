//! Containers with a command of their own, to which something happens while they are waited for.

use std::time::Duration;

use dockertest::config::types;
use dockertest::engine::{Container, Sign};
use dockertest::prelude::*;
use regex::Regex;
use serde::Deserialize;

use super::Wait;
use crate::life::{self, Watch};

/// The options of these cases.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::list")]
    target_setups: Vec<String>,
    #[serde(with = "types::list")]
    target_waits: Vec<String>,
    #[serde(with = "types::list")]
    target_sleeps: Vec<String>,
    #[serde(with = "types::seconds")]
    target_timeout: Duration,
    #[serde(with = "types::seconds")]
    docker_timeout: Duration,
    exit: String,
    stdout: Option<String>,
    stderr: Option<String>,
    #[serde(with = "types::flag")]
    target_verbose: bool,
    #[serde(with = "types::flag")]
    wait_verbose: bool,
}

/// A container, or a name that none has.
struct Target {
    name: String,
    container: Option<Container>,
    watch: Watch,
    action: String,
}

super::cases!(run: SimpleCase, MultiCase, SigCase);

fn run(ctx: &mut Context) -> Outcome {
    let options: Options = ctx.config()?;
    let mut targets = Vec::new();
    for (number, setup) in options.target_setups.iter().enumerate() {
        targets.push(Target::begin(ctx, &options, setup, number)?);
    }
    let mut words = vec!["wait".to_owned()];
    words.extend(targets.iter().map(|target| target.name.clone()));
    let waiting = ctx.docker(words).timeout(options.docker_timeout).spawn()?;
    let begun = jiff::Timestamp::now();
    for target in &targets {
        target.act(ctx, &options)?;
    }
    let seen = waiting.wait(options.docker_timeout)?;
    let mut noted = Vec::new();
    for target in &targets {
        noted.extend(target.status(&seen)?);
    }
    if options.wait_verbose {
        ctx.info(seen.stdout_text());
    }
    let seen = match options.exit.parse::<i32>() {
        Ok(0) => seen.must_pass()?,
        Ok(status) => seen.must_fail(status)?,
        Err(_) => seen,
    };
    let (text, said) = (seen.stdout_text().into_owned(), seen.said().join("\n"));
    matches(&seen, options.stdout.as_ref(), &text, "standard output")?;
    matches(&seen, options.stderr.as_ref(), &said, "standard error")?;
    if options.exit == "0" {
        let seen = seen.clone().clean_but(&[Sign::Unprintable])?;
        seen.check_eq(said, "", "standard error")?;
    }
    let removes = targets.iter().any(|target| target.action == "REMV");
    let all_there = targets.iter().all(|target| target.container.is_some());
    if all_there && !removes {
        seen.check_eq(&text, noted.concat(), "the exit statuses that the engine has noted, in the order of the names")?;
        // By the time that the command took: it may have been back while something still happened to a container.
        let back = begun.checked_add(seen.duration)?;
        super::is_back_in_time(&seen, back, targets.iter().filter_map(|target| target.container.as_ref()))?;
    }
    for target in &mut targets {
        target.is_left_alone(ctx, &seen)?;
    }
    Ok(())
}

/// The option's expression matches; as where it comes from, `$` also stands before a newline at the end.
fn matches(seen: &Completed, pattern: Option<&String>, text: &str, what: &str) -> Outcome {
    let Some(pattern) = pattern.filter(|pattern| !pattern.is_empty()) else { return Ok(()) };
    let regex = Regex::new(pattern)?;
    let without = text.strip_suffix('\n').unwrap_or(text);
    seen.check(regex.is_match(text) || regex.is_match(without), format!("{what} matches `{pattern}`: `{text}`"))
}

impl Target {
    fn begin(ctx: &mut Context, options: &Options, setup: &str, number: usize) -> Outcome<Target> {
        let of = |list: &[String], default: &str| list.get(number).map_or(default.to_owned(), Clone::clone);
        let (seconds, action) = (of(&options.target_sleeps, "0"), of(&options.target_waits, "NONE").to_uppercase());
        let name = ctx.container_name("target");
        let mut run = life::run_words(ctx, &life::words(ctx, "target_run")?, &name);
        match setup.to_uppercase().as_str() {
            "RUN" => {}
            // `create` has no `--detach`, for it never waits.
            "CREATE" => {
                "create".clone_into(&mut run[0]);
                run.retain(|word| !matches!(word.as_str(), "--detach" | "-d"));
            }
            "NONE" => return Ok(Target { watch: Watch::begin(ctx, &name)?, name, container: None, action }),
            other => return Err(life::bad_option("target_setups", other, "each is RUN, CREATE or NONE")),
        }
        run.push(ctx.image()?);
        run.extend(life::words(ctx, "target_cmd")?.into_iter().map(|word| word.replace("@SLEEP@", &seconds)));
        let seen = ctx.docker(run).timeout(options.target_timeout).must_pass()?;
        let container = Container::find(ctx, &name)?;
        let seen = seen.prints(&format!("{}\n", container.id()))?;
        if options.target_verbose {
            ctx.info(seen.stdout_text());
        }
        Ok(Target { watch: Watch::begin(ctx, &name)?, name, container: Some(container), action })
    }

    /// What happens to it while it is waited for. If it does not, that is only said.
    fn act(&self, ctx: &Context, options: &Options) -> Outcome {
        let words = match self.action.as_str() {
            "NONE" => return Ok(()),
            "STOP" => vec!["stop", &self.name],
            "KILL" => vec!["kill", &self.name],
            "REMV" => vec!["rm", "--force", "--volumes", &self.name],
            signal if signal.parse::<u8>().is_ok() => vec!["kill", "--signal", signal, &self.name],
            other => return Err(life::bad_option("target_waits", other, "each is STOP, KILL, REMV, NONE or a number")),
        };
        let seen = ctx.docker(words).timeout(options.target_timeout).run()?;
        if !seen.status.success() {
            ctx.warning(format!("`{}` ended with {}: {}", seen.command, seen.status, seen.stderr_text()));
        }
        Ok(())
    }

    /// The line with its exit status. It must have ended.
    fn status(&self, seen: &Completed) -> Outcome<Option<String>> {
        let Some(container) = self.container.as_ref() else { return Ok(None) };
        if !container.exists()? {
            return Ok(None);
        }
        let state = container.state()?;
        seen.check(state.running == Some(false), format!("{} has ended when the command is back", self.name))?;
        Ok(Some(format!("{}\n", state.exit_code.unwrap_or(-1))))
    }

    /// The engine tells of what the test did to it, and of its end.
    fn is_left_alone(&mut self, ctx: &Context, seen: &Completed) -> Outcome {
        match self.action.as_str() {
            // It may have ended before the events were looked at.
            "NONE" => self.watch.happened_at_most(ctx, seen, &["die"]),
            "KILL" => self.watch.happened_at_most(ctx, seen, &["kill 9", "die"]),
            signal if signal.parse::<u8>().is_ok() => {
                let kill = format!("kill {signal}");
                self.watch.happened_at_most(ctx, seen, &[&kill, "die"])
            }
            _ => Ok(()),
        }
    }
}
