//! Pulls of all tags at once.

use dockertest::prelude::*;

use super::source::{LATEST, Source};
use super::{Options, Pull, is_podman, pull};

/// Pulls all tags of a name.
#[derive(Default)]
pub(super) struct Latest;

impl SubSubtest<Pull> for Latest {
    fn run_once(&mut self, parent: &mut Pull, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let source = Source::new(ctx, parent.registry()?, &options)?;
        source.had(ctx, LATEST)?;
        source.had(ctx, &options.docker_repo_tag)?;
        let seen = pull(ctx, &options, &["--all-tags", &source.repository()])?;
        if is_podman(ctx) && seen.stderr_text().contains("server gave HTTP response to HTTPS client") {
            let reason = "this podman ignores `--tls-verify=false` with `--all-tags`: it asks a plain registry by TLS";
            return Err(NotApplicable::because(reason).into());
        }
        let seen = seen.must_pass()?;
        let tags: Vec<&str> = source.tags().collect();
        if tags.is_empty() {
            let names = ctx.api()?.images()?.into_iter().flat_map(|image| image.repo_tags);
            let prefix = format!("{}:", source.name(LATEST)?.repository());
            let count = names.filter(|name| name.starts_with(&prefix)).count();
            return seen.check(count >= 2, format!("at least two tags of `{prefix}` are there, seen {count}"));
        }
        if !is_podman(ctx) {
            all_told(&seen, &source)?;
        }
        source.must_be_there(ctx, &tags, &seen)
    }
}

/// Checks that each tag is told once with its digest, and at last that something new has come.
fn all_told(seen: &Completed, source: &Source) -> Outcome {
    let text = seen.stdout_text();
    let pulling = format!(": Pulling from {}", source.path());
    let mut told: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(tag) = line.strip_suffix(&pulling) {
            told.push((tag.to_owned(), String::new()));
        } else if let (Some(digest), Some((_, last))) = (line.strip_prefix("Digest: "), told.last_mut()) {
            digest.clone_into(last);
        }
    }
    told.sort();
    let held = |tag: &str| source.image(tag).map(|image| (tag.to_owned(), image.digest()));
    let mut expected: Vec<_> = source.tags().filter_map(held).collect();
    expected.sort();
    seen.check_eq(shown(&told), shown(&expected), "the tags and digests that are told")?;
    let last: Vec<&str> = text.lines().rev().take(2).collect();
    let repository = source.repository();
    let expected = format!("{repository}\nStatus: Downloaded newer image for {repository}");
    seen.check_eq(last.join("\n"), expected, "the last lines on standard output, from the end")?;
    seen.check_eq(seen.said().join("\n"), "", "standard error of a pull that succeeds")
}

fn shown(told: &[(String, String)]) -> String {
    told.iter().map(|(tag, digest)| format!("{tag} {digest}\n")).collect()
}
