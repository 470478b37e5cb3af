//! The container that gets the signals, and the client through which it is seen.

use std::time::{Duration, Instant};

use dockertest::engine::{Container, Life, Mark};
use dockertest::outcome::Evidence;
use dockertest::prelude::*;

use super::options::Options;
use super::signals::{CHLD, CONT, SYS, WINCH};
use crate::life::words_of;

/// How long it is waited for a signal to come through before it is sent again.
const PROBE: Duration = Duration::from_millis(200);

/// What a container gets after its client has been killed.
const AFTERWARDS: [i32; 4] = [SYS, 10, 12, 1];

/// A running container and a client that shows what it prints.
pub(super) struct Target {
    pub(super) container: Container,
    pub(super) client: Running,
    /// Where the reports begin.
    pub(super) start: Mark,
    life: Life,
    sigproxy: bool,
    attached: bool,
    check_stdout: String,
    limit: Duration,
}

impl Target {
    /// Starts a container and waits until it is ready and the client shows it.
    pub(super) fn start(ctx: &mut Context, options: &Options) -> Outcome<Self> {
        let (name, image) = (ctx.container_name(options.prefix()), ctx.image()?);
        let attached = options.run_container_attached;
        let mut words = vec!["run".to_owned(), format!("--name={name}")];
        words.extend(ctx.labels());
        words.extend(words_of(&options.run_options_csv)?);
        words.push(format!("--tty={}", has_terminal(ctx, options)));
        words.extend(attached.then(|| "--detach=true".to_owned()));
        words.extend([image, "bash".to_owned(), "-c".to_owned(), options.script()]);
        let client = if attached {
            ctx.docker(words).must_pass()?;
            let mut words = vec!["attach".to_owned()];
            words.extend(words_of(&options.attach_options_csv)?);
            words.push(name.clone());
            ctx.docker(words).spawn()?
        } else {
            ctx.docker(words).spawn()?
        };
        Target::when_ready(ctx, options, &name, client)
    }

    fn when_ready(ctx: &Context, options: &Options, name: &str, mut client: Running) -> Outcome<Self> {
        let attached = options.run_container_attached;
        match (options.says_ready(), attached) {
            (true, false) => client.wait_ready()?,
            (true, true) => {
                let limit = ctx.section().seconds("wait_ready")?.unwrap_or(Duration::from_secs(60));
                Container::find(ctx, name)?.wait_log("READY", limit)?;
            }
            // There is no sign of it, so there is no condition to wait for.
            (false, _) => std::thread::sleep(options.wait_start),
        }
        let container = Container::find(ctx, name)?;
        let mut target = Target {
            life: container.life()?,
            start: client.mark(),
            container,
            client,
            sigproxy: options.sigproxy()?,
            attached,
            check_stdout: options.check_stdout.clone(),
            limit: options.stress_cmd_timeout,
        };
        if attached {
            target.wait_until_attached()?;
        }
        target.start = target.client.mark();
        Ok(target)
    }

    /// Nothing tells when a client is attached, so signals are sent until it shows one.
    fn wait_until_attached(&mut self) -> Outcome {
        let deadline = Instant::now() + self.limit.max(Duration::from_secs(10));
        loop {
            let mark = self.client.mark();
            self.container.kill("SIGSYS")?;
            match self.client.wait_for_new(&mark, &self.report(SYS), PROBE) {
                Ok(_) => break,
                Err(failure) if Instant::now() > deadline || !self.client.is_running() => return Err(failure),
                Err(_) => {}
            }
        }
        // What was sent earlier is reported before what is sent later.
        let mark = self.client.mark();
        self.container.kill("SIGCONT")?;
        self.client.wait_for_new(&mark, &self.report(CONT), self.limit).map(|_| ())
    }

    /// What matches the report of a signal, as a whole line.
    fn report(&self, number: i32) -> String {
        let line = self.check_stdout.replace("%s", &number.to_string()).replace("%d", &number.to_string());
        format!("^{}$", regex::escape(&line))
    }

    pub(super) fn name(&self) -> &str {
        self.container.name()
    }

    /// `docker kill` with these options, and what it must do: print the name and nothing else.
    pub(super) fn kill(&self, ctx: &Context, options: &[String], option: Vec<String>) -> Outcome<Completed> {
        let mut words = vec!["kill".to_owned()];
        words.extend(words_of(options)?);
        words.extend(option);
        words.push(self.name().to_owned());
        let done = ctx.docker(words).must_pass()?.clean()?;
        Ok(done.prints(&format!("{}\n", self.name()))?)
    }

    /// Waits until a signal has been reported after the mark, which this command has sent.
    pub(super) fn wait_reported(&mut self, mark: &Mark, number: i32, command: &str) -> Outcome {
        let pattern = self.report(number);
        let Err(failure) = self.client.wait_for_new(mark, &pattern, self.limit) else { return Ok(()) };
        // What the client did is shown beside the command that should have changed it.
        let Some(client) = failure.evidence() else { return Err(failure) };
        let evidence = Evidence { command: Some(command.to_owned()), ..client.clone() };
        let reason = format!("signal {number} is not reported within {} s", self.limit.as_secs_f64());
        Err(CheckFailed::new(reason, evidence).into())
    }

    /// The signals that have been reported after the mark, in order. The container's own processes make CHLD, its
    /// terminal WINCH.
    pub(super) fn reported(&self, mark: &Mark) -> Outcome<Vec<i32>> {
        let lines = self.client.new_lines(mark)?;
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Ok(reports(&self.check_stdout, &lines))
    }

    /// Fails unless the signals that were reported since the start are these, in this order.
    pub(super) fn must_have_reported(&self, sent: &[i32], command: &str) -> Outcome {
        let is_noise = |number: &i32| [CHLD, WINCH].contains(number) && !sent.contains(number);
        let seen: Vec<i32> = self.reported(&self.start)?.into_iter().filter(|number| !is_noise(number)).collect();
        if seen == sent {
            return Ok(());
        }
        let evidence = Evidence {
            command: Some(command.to_owned()),
            expected: Some(list(sent)),
            seen: Some(list(&seen)),
            ..Evidence::default()
        };
        Err(CheckFailed::new("the container did not get the signals that were sent, once and in order", evidence)
            .into())
    }

    /// Fails when the container is not what it was at the start.
    pub(super) fn must_go_on(&self, command: &str) -> Outcome {
        self.container.must_go_on(&self.life, command)
    }

    /// Sends KILL, which ends the client; and the container, unless it is the client that gets it.
    pub(super) fn end(self, ctx: &Context, options: &Options, last: Vec<String>) -> Outcome {
        let limit = options.stress_cmd_timeout;
        if self.sigproxy {
            return self.kill_client(ctx);
        }
        let killed = self.kill(ctx, &options.kill_options_csv, last)?;
        let exit_status = self.wait_exit(&killed)?;
        killed.check_eq(exit_status, 137, "the exit status of the killed container")?;
        let state = self.container.state()?;
        killed.check_eq(state.running.unwrap_or(true), false, "whether the killed container runs")?;
        let ended = self.client.wait(limit)?;
        ended.check_eq(ended.said().join("\n"), "", "what the client of the killed container says")?;
        if self.attached && ctx.engine().is_some_and(|engine| engine.flavor == "podman") {
            ended.must_pass()?;
        } else {
            ended.must_fail(137)?;
        }
        Ok(())
    }

    /// Waits until the killed container has ended, and gives its exit status.
    fn wait_exit(&self, killed: &Completed) -> Outcome<i64> {
        let exited = self.container.wait_exit(self.limit);
        if exited.is_err() {
            let runs = self.container.state()?.running.unwrap_or(false);
            killed.check(!runs, format!("KILL ends the container within {} s", self.limit.as_secs_f64()))?;
        }
        exited
    }

    /// A client that is killed leaves its container alone: it runs, and gets what is sent to it in another way.
    fn kill_client(self, ctx: &Context) -> Outcome {
        let command = format!("kill -9 {}  # {}", self.client.pid(), self.client.typed());
        let Target { container, client, life, check_stdout, limit, .. } = self;
        client.signal(nix::sys::signal::Signal::SIGKILL)?;
        let ended = client.wait(limit)?;
        ended.check(ended.status.code().is_none(), "the client ends by the signal")?;
        ended.check_eq(ended.said().join("\n"), "", "what the client says that passes signals on")?;
        container.must_go_on(&life, &command)?;
        // Several, so that a container that is ended a little later is noticed, too.
        for number in AFTERWARDS {
            let count = || {
                let logs = container.logs()?;
                let text = logs.stdout_text();
                let seen = reports(&check_stdout, &text.lines().collect::<Vec<_>>());
                Ok::<_, Failure>(seen.into_iter().filter(|seen| *seen == number).count())
            };
            let (before, deadline) = (count()?, Instant::now() + limit);
            let sent = ctx.docker(["kill", "-s", &number.to_string(), container.name()]).must_pass()?;
            while count()? == before && Instant::now() < deadline {
                ctx.checkpoint()?;
            }
            sent.check(count()? > before, "the container reports signals when its client is gone")?;
        }
        container.must_go_on(&life, &command)
    }
}

/// Whether the container gets a terminal: not when the sub-subtest's name or the options say so, and not when signals
/// go to `docker attach`.
fn has_terminal(ctx: &Context, options: &Options) -> bool {
    !ctx.name().ends_with("_ttyoff") && !options.run_container_attached
}

/// The numbers in the lines that are reports.
fn reports(check_stdout: &str, lines: &[&str]) -> Vec<i32> {
    let (before, after) = check_stdout.split_once("%s").or(check_stdout.split_once("%d")).unwrap_or((check_stdout, ""));
    let number = |line: &&str| line.strip_prefix(before)?.strip_suffix(after)?.trim().parse().ok();
    lines.iter().filter_map(number).collect()
}

/// Signals for people.
pub(super) fn list(numbers: &[i32]) -> String {
    if numbers.is_empty() {
        return "none".to_owned();
    }
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reports_are_read() {
        let lines =
            ["READY", "Received 10, ignoring...", "Received 2", "Received x, ignoring...", "Received 64, ignoring..."];
        assert_eq!(reports("Received %s, ignoring...", &lines), [10, 64]);
        assert_eq!(reports("got %d", &["got 3"]), [3]);
    }
}
