//! Containers with a shell, which are told through `docker attach` when and how to end.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use dockertest::engine::{Container, Sign};
use dockertest::prelude::*;
use regex::Regex;

use super::Wait;
use crate::life::{self, Watch};

/// How long the client of a container that has ended may take to end.
const CLIENT_LIMIT: Duration = Duration::from_secs(20);

/// A container, and how it is to end.
struct Shell {
    container: Container,
    attached: Running,
    watch: Watch,
    seconds: f64,
    status: i32,
}

/// Something that `docker wait` is told.
enum Told {
    /// The number of a container.
    Shell(usize),
    /// A name that no container has.
    Missing(String),
}

super::cases!(run: NoWait, WaitFirst, WaitLast, WaitMissing);

fn run(ctx: &mut Context) -> Outcome {
    let labels: Vec<String> =
        ctx.section().get("containers").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let told = told(ctx, labels.len())?;
    let mut shells = Vec::new();
    for label in &labels {
        shells.push(Shell::begin(ctx, label)?);
    }
    let mut words = vec!["wait".to_owned()];
    words.extend(life::words(ctx, "wait_options_csv")?);
    words.extend(names(ctx, &told, &shells)?);
    let seen = ctx.docker(words).run()?;
    let back = jiff::Timestamp::now();
    // Podman does not even begin to wait when one is missing.
    let waits = !(life::is_podman(ctx) && told.iter().any(Told::is_missing));
    let mut running = 0;
    for shell in waited_for(&told, &shells) {
        running += usize::from(shell.container.state()?.running != Some(false));
    }
    seen.check(running == 0 || !waits, format!("no container runs when the command is back, seen {running}"))?;
    has_told(ctx, &seen, &told, &shells)?;
    if waits && told.iter().any(|told| !told.is_missing()) {
        super::is_back_in_time(&seen, back, waited_for(&told, &shells).map(|shell| &shell.container))?;
    }
    let concerned: Vec<usize> = told.iter().filter_map(Told::number).collect();
    for (number, shell) in shells.into_iter().enumerate() {
        shell.end(ctx, &seen, concerned.contains(&number) && waits)?;
    }
    Ok(())
}

/// The containers that are named, in this order.
fn waited_for<'s>(told: &'s [Told], shells: &'s [Shell]) -> impl Iterator<Item = &'s Shell> {
    told.iter().filter_map(Told::number).filter_map(|number| shells.get(number))
}

impl Told {
    fn number(&self) -> Option<usize> {
        match self {
            Told::Shell(number) => Some(*number),
            Told::Missing(_) => None,
        }
    }

    fn is_missing(&self) -> bool {
        matches!(self, Told::Missing(_))
    }
}

/// The option `wait_for`: numbers of containers, and, after a `_`, names as they are.
fn told(ctx: &Context, containers: usize) -> Outcome<Vec<Told>> {
    let text = ctx.section().get("wait_for").unwrap_or_default();
    let read = |word: &str| match word.strip_prefix('_') {
        Some(name) => Ok(Told::Missing(name.to_owned())),
        None => match word.parse() {
            Ok(number) if number < containers => Ok(Told::Shell(number)),
            _ => Err(life::bad_option("wait_for", text, "an item is neither the number of a container nor `_name`")),
        },
    };
    text.split_whitespace().map(read).collect()
}

/// What stands on the command line: names, or ids, or some of each (option `use_names`).
fn names(ctx: &Context, told: &[Told], shells: &[Shell]) -> Outcome<Vec<String>> {
    let wanted = ctx.section().get("use_names").unwrap_or("RANDOM");
    let seed = ctx.section().number::<u64>("random_seed")?.unwrap_or_else(|| RandomState::new().hash_one(ctx.name()));
    ctx.debug(format!("use_names: {wanted}, random_seed: {seed}"));
    let by_name = |place: usize| match wanted.to_uppercase().as_str() {
        "RANDOM" => (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (place % 64)) & 1 == 0,
        "YES" | "TRUE" | "1" | "NAMES" => true,
        _ => false,
    };
    let name = |(place, told): (usize, &Told)| match told {
        Told::Missing(name) => Some(name.clone()),
        Told::Shell(number) => {
            let container = &shells.get(*number)?.container;
            Some(if by_name(place) { container.name() } else { container.id() }.to_owned())
        }
    };
    Ok(told.iter().enumerate().filter_map(name).collect())
}

/// The statuses of those that are there, and a word about each that is not.
fn has_told(ctx: &Context, seen: &Completed, told: &[Told], shells: &[Shell]) -> Outcome {
    let missing: Vec<&String> = told
        .iter()
        .filter_map(|told| match told {
            Told::Missing(name) => Some(name),
            Told::Shell(_) => None,
        })
        .collect();
    let statuses: String = waited_for(told, shells).map(|shell| format!("{}\n", shell.status)).collect();
    if missing.is_empty() {
        let seen = seen.clone().must_pass()?.prints(&statuses)?;
        seen.clean()?;
        return Ok(());
    }
    let is_podman = life::is_podman(ctx);
    let seen = seen.clone().must_fail(life::missing_status(ctx))?;
    let expected = if is_podman { "" } else { &statuses };
    seen.check_eq(seen.stdout_text(), expected, "the exit statuses of the containers that are there")?;
    let pattern = ctx
        .section()
        .get("missing_stderr")
        .filter(|text| !text.is_empty())
        .unwrap_or("o such container.*%s|%s.*o such container");
    let said = seen.said();
    let looked_for = if is_podman { &missing[..1] } else { &missing[..] };
    seen.check_eq(said.len(), looked_for.len(), "how many lines are on standard error, one for each that is missing")?;
    for (line, name) in said.iter().zip(looked_for) {
        let regex = Regex::new(&pattern.replace("%s", &regex::escape(name)))?;
        seen.check(regex.is_match(line), format!("a line on standard error matches `{}`: `{line}`", regex.as_str()))?;
    }
    Ok(())
}

impl Shell {
    /// Runs a container with a shell, and tells it what to do.
    fn begin(ctx: &mut Context, label: &str) -> Outcome<Shell> {
        let option = |name: &str| {
            let own = format!("{name}_{label}");
            if ctx.section().setting(&own).is_some() { own } else { name.to_owned() }
        };
        let (run_option, script_option) = (option("run_options_csv"), option("exec_cmd"));
        let script = life::script(ctx.section().get(&script_option).unwrap_or_default());
        let (seconds, status) = ending(&script).ok_or_else(|| {
            life::bad_option(&script_option, &script, "it has no `exit N`, which tells what to expect")
        })?;
        let name = ctx.container_name(label);
        let mut words = life::run_words(ctx, &life::words(ctx, &run_option)?, &name);
        words.extend([ctx.image()?, "bash".to_owned()]);
        let seen = ctx.docker(words).must_pass()?;
        let container = Container::find(ctx, &name)?;
        seen.prints(&format!("{}\n", container.id()))?;
        let watch = Watch::begin(ctx, &name)?;
        let attached = ctx.docker(["attach", container.id()]).stdin(format!("{script}\n")).spawn()?;
        Ok(Shell { container, attached, watch, seconds, status })
    }

    /// It has ended as it was told to, and nothing else has happened to it.
    fn end(mut self, ctx: &Context, seen: &Completed, is_concerned: bool) -> Outcome {
        if !is_concerned {
            // Nobody waits for it.
            return Ok(());
        }
        let limit = CLIENT_LIMIT + Duration::from_secs_f64(self.seconds);
        let status = self.container.wait_exit(limit)?;
        seen.check_eq(status, self.status, format!("the exit status of container {}", self.container.name()))?;
        self.watch.happened(ctx, seen, &["die"])?;
        let attached = self.attached.wait(limit)?;
        // Podman's `attach` does not tell the status.
        let is_told = self.status != 0 && !life::is_podman(ctx);
        let attached = if is_told { attached.must_fail(self.status)? } else { attached.must_pass()? };
        attached.clean_but(&[Sign::Unprintable])?;
        Ok(())
    }
}

/// How many seconds a script takes, by its `sleep N`, and its exit status, by its `exit N`.
fn ending(script: &str) -> Option<(f64, i32)> {
    let after = |word: &str| {
        let rest = script.split(word).nth(1)?.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        Some(rest[..end].to_owned())
    };
    let seconds = after("sleep ").and_then(|seconds| seconds.parse().ok()).unwrap_or(0.0);
    Some((seconds, after("exit ")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_says_how_it_ends() {
        assert_eq!(ending("sleep 10; exit 1"), Some((10.0, 1)));
        assert_eq!(ending("exit 2"), Some((0.0, 2)));
        assert_eq!(ending("sleep 0.5s; exit 0"), Some((0.5, 0)));
        assert_eq!(ending("sleep 3"), None);
    }
}
