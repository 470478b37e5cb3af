//! What every build must have done, and the checks that a configuration can ask for.

use dockertest::engine::{Container, Sign};
use dockertest::prelude::*;
use regex::RegexBuilder;

use super::order::{Built, More};
use super::transcript::Builder;

impl Built {
    /// The build succeeded: it said what it did, printed exactly these lines, and the image is there.
    pub(super) fn must_be_good(&self, ctx: &Context, printed: &[&str], check_bytes: bool) -> Outcome {
        let seen = self.seen.clone().must_pass()?;
        let ignored: &[Sign] = if check_bytes { &[] } else { &[Sign::Unprintable] };
        let podman_says = |sign: &Sign| self.builder == Builder::Podman && *sign == Sign::Error;
        let ignored: Vec<Sign> = ignored.iter().copied().filter(|sign| !podman_says(sign)).collect();
        seen.clone().clean_but(&ignored)?;
        if self.builder != Builder::Podman {
            seen.check_eq(self.builder.complaints(&seen).join("\n"), "", "standard error, but for the progress")?;
        }
        self.must_announce_steps(self.instructions.len())?;
        self.must_print(printed)?;
        self.must_name_the_image()?;
        self.must_have_history(ctx)
    }

    /// The first instructions of the Dockerfile are announced, in their order, and no others.
    pub(super) fn must_announce_steps(&self, count: usize) -> Outcome {
        if self.instructions.is_empty() {
            return Ok(());
        }
        let mut instructions = self.instructions.clone();
        if self.builder == Builder::BuildKit {
            // It announces only what makes a layer, and does not say which number an instruction has that failed.
            let makes_a_layer =
                |line: &String| ["FROM ", "RUN ", "ADD ", "COPY "].iter().any(|word| line.starts_with(word));
            instructions.truncate(count);
            instructions.retain(makes_a_layer);
            for (number, line) in instructions.iter().enumerate() {
                let words = line.split(' ').skip(1).collect::<Vec<_>>().join(" ");
                let is_announced = self.transcript.steps.iter().any(|step| step.contains(words.trim()));
                self.seen.check(is_announced || number == 0, format!("the step `{line}` is announced"))?;
            }
            return Ok(());
        }
        let all = instructions.len();
        let line = |(number, line): (usize, &String)| format!("{}/{all} {line}", number + 1);
        let mut expected: Vec<String> = instructions.iter().enumerate().map(line).take(count).collect();
        let mut steps: Vec<String> = self.transcript.steps.iter().map(|step| step.trim_end().to_owned()).collect();
        if self.builder == Builder::Podman {
            // It does not know how many there will be before it has read what waits in the first image.
            let without_total = |step: &mut String| {
                if let Some((number, words)) = step.split_once(' ') {
                    *step = format!("{} {words}", number.split('/').next().unwrap_or_default());
                }
            };
            steps.iter_mut().chain(&mut expected).for_each(without_total);
        }
        self.seen.check_eq(steps.join("\n"), expected.join("\n"), "the announced steps")
    }

    /// The instructions printed exactly these lines.
    pub(super) fn must_print(&self, lines: &[&str]) -> Outcome {
        self.seen.check_eq(self.transcript.printed.join("\n"), lines.join("\n"), "what the instructions printed")
    }

    /// There is an image of that name, and the build told its id and its name.
    fn must_name_the_image(&self) -> Outcome {
        let Some(image) = &self.image else {
            return self.seen.check(false, format!("there is an image {}", self.name));
        };
        let id = image.id.clone().unwrap_or_default();
        let told = self.transcript.built.clone().unwrap_or_default();
        let digits = id.trim_start_matches("sha256:");
        self.seen.check(
            told.len() >= 12 && digits.starts_with(&told),
            format!("the id that is told (`{told}`) is that of the image {} ({digits})", self.name),
        )?;
        let is_named = self.transcript.tagged.iter().any(|name| {
            name.strip_suffix(self.name.as_str()).is_some_and(|registry| registry.is_empty() || registry.ends_with('/'))
        });
        self.seen.check(is_named, format!("the name {} is told", self.name))
    }

    /// The image was made by these instructions, the last one last.
    fn must_have_history(&self, ctx: &Context) -> Outcome {
        let made = ctx.api()?.history(&self.name)?;
        let made: Vec<String> = made.into_iter().rev().map(|layer| layer.created_by).collect();
        let mut places = made.iter();
        for instruction in self.instructions.iter().skip(1).filter(|line| !is_alias(line)) {
            let words = traces(instruction);
            let is_there = places.any(|layer| words.iter().all(|word| layer.contains(word.as_str())));
            self.seen.check(is_there, format!("the image's history has `{instruction}` in its place: {made:?}"))?;
        }
        Ok(())
    }

    /// The engine has this many containers and images more.
    pub(super) fn must_have_left(&self, more: &More, containers: usize, images: usize) -> Outcome {
        let list = |what: &str, list: &[String]| format!("{} {what}: {}", list.len(), list.join(", "));
        self.seen.check(
            more.containers.len() == containers,
            format!("the engine has {containers} containers more, not {}", list("containers", &more.containers)),
        )?;
        self.seen.check(
            more.images.len() == images,
            format!("the engine has {images} images more, not {}", list("images", &more.images)),
        )
    }

    /// The images that were announced on the way are there.
    pub(super) fn must_have_intermediates(&self, ctx: &Context) -> Outcome {
        if self.builder != Builder::Classic {
            return Ok(());
        }
        for id in &self.transcript.images {
            self.seen.check(ctx.api()?.image(id)?.is_some(), format!("the image {id} that is announced is there"))?;
        }
        Ok(())
    }

    /// A container of the image that is not started, to look at its files.
    pub(super) fn container(&self, ctx: &mut Context) -> Outcome<Container> {
        ctx.container().image(&self.name).command(["/bin/true"]).create()
    }

    /// The file in the image has exactly this content.
    pub(super) fn must_hold(&self, container: &Container, path: &str, content: &str) -> Outcome {
        match container.file(path)? {
            None => self.seen.check(false, format!("the image has a file {path}")),
            Some(seen) => self.seen.check_eq(String::from_utf8_lossy(&seen), content, format!("the content of {path}")),
        }
    }
}

/// Podman and BuildKit do not have these in the history as an entry of their own, or not by these words.
fn is_alias(instruction: &str) -> bool {
    ["MAINTAINER ", "ONBUILD "].iter().any(|word| instruction.starts_with(word))
}

/// Words that the history of every builder has for an instruction.
fn traces(instruction: &str) -> Vec<String> {
    let (word, rest) = instruction.split_once(' ').unwrap_or((instruction, ""));
    match word {
        "RUN" if !rest.starts_with('[') => vec![rest.to_owned()],
        "ENV" => rest.split_once(' ').map(|(name, value)| vec![name.to_owned(), value.to_owned()]).unwrap_or_default(),
        _ => vec![word.to_owned()],
    }
}

/// A check as the option `postproc_cmd_csv` has it: `rx_out('Schazam!')`, with a `!` in front if it must not hold.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    is_negated: bool,
    what: String,
    argument: String,
}

/// Reads the option. A comma within quotes belongs to the argument.
fn asked(text: &str) -> Option<Vec<Asked>> {
    let mut all = Vec::new();
    let mut rest = text.trim().trim_end_matches(',').trim();
    while !rest.is_empty() {
        let (is_negated, body) = rest.strip_prefix('!').map_or((false, rest), |body| (true, body.trim_start()));
        let (what, after) = body.split_once('(')?;
        let after = after.trim_start();
        let (argument, after) = match after.strip_prefix('\'') {
            Some(quoted) => quoted.split_once("')")?,
            None => after.split_once(')')?,
        };
        all.push(Asked { is_negated, what: what.trim().to_owned(), argument: argument.to_owned() });
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    Some(all)
}

/// The checks that the configuration asks for on top; all are looked at, and the first that does not hold is told.
pub(super) fn as_configured(ctx: &mut Context, text: &str, built: &Built, more: &More) -> Outcome {
    let wrong = |text: &str| std::io::Error::other(format!("`postproc_cmd_csv` cannot be understood: `{text}`"));
    let mut failed = Vec::new();
    for check in asked(text).ok_or_else(|| wrong(text))? {
        let holds = holds(ctx, &check, built, more)?.ok_or_else(|| wrong(&check.what))?;
        if holds == check.is_negated {
            let not = if check.is_negated { "!" } else { "" };
            failed.push(format!("{not}{}('{}')", check.what, check.argument));
        }
    }
    built.seen.check(failed.is_empty(), format!("the configured checks hold: {}", failed.join(", ")))
}

fn holds(ctx: &mut Context, check: &Asked, built: &Built, more: &More) -> Outcome<Option<bool>> {
    let argument = check.argument.as_str();
    let found = |pattern: &str, text: &str| -> Outcome<bool> {
        Ok(RegexBuilder::new(pattern).multi_line(true).build()?.is_match(text))
    };
    let api = ctx.api()?;
    let seen = &built.seen;
    let is = |list: &[String]| argument.trim().parse::<usize>().is_ok_and(|count| count == list.len());
    let holds = match check.what.as_str() {
        "positive" => seen.clone().must_pass().and_then(|seen| seen.clean_but(&[Sign::Unprintable])).is_ok(),
        "negative" => seen.clone().must_fail_any().is_ok(),
        "rx_out" => found(argument, &seen.stdout_text())?,
        "rx_err" => found(argument, &seen.stderr_text())?,
        "img_count" => is(&more.images),
        "cnt_count" => is(&more.containers),
        "img_exst" => api.image(&built.name)?.is_some(),
        "last_cnt" => {
            let mut there = Vec::new();
            for id in &built.transcript.containers {
                there.push(api.container(id)?.is_some());
            }
            there.pop() == Some(true) && !there.contains(&true)
        }
        "intr_exst" => {
            let mut there = Vec::new();
            for id in &built.transcript.images {
                there.push(api.image(id)?.is_some());
            }
            if check.is_negated { there.contains(&true) } else { !there.contains(&false) }
        }
        "file_exist" | "dir_exist" => {
            let container = built.container(ctx)?;
            api.get_archive(container.id(), argument).is_ok()
        }
        "rx_file" => {
            let Some((path, pattern)) = argument.split_once(':') else { return Ok(None) };
            let content = built.container(ctx)?.file(path)?;
            content.is_some_and(|content| found(pattern, &String::from_utf8_lossy(&content)).unwrap_or(false))
        }
        _ => return Ok(None),
    };
    Ok(Some(holds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configured_checks_are_read() {
        let seen = asked("positive(), !rx_out('a, b'), cnt_count(0),").unwrap();
        let check = |is_negated, what: &str, argument: &str| Asked {
            is_negated,
            what: what.to_owned(),
            argument: argument.to_owned(),
        };
        assert_eq!(seen, [check(false, "positive", ""), check(true, "rx_out", "a, b"), check(false, "cnt_count", "0")]);
        assert_eq!(asked(""), Some(Vec::new()));
        assert_eq!(asked("rx_out('a"), None);
    }

    #[test]
    fn traces_of_instructions_are_what_history_shows() {
        assert_eq!(traces("RUN echo a"), ["echo a"]);
        assert_eq!(traces("ENV PATH /bin"), ["PATH", "/bin"]);
        assert_eq!(traces("EXPOSE 8080"), ["EXPOSE"]);
    }
}
