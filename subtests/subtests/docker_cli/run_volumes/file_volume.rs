//! A path of the host that a program in the container looks at.

use std::path::Path;

use dockertest::config::types;
use dockertest::prelude::*;
use dockertest::verdict::Verdict;
use regex::RegexBuilder;
use serde::Deserialize;

use super::RunVolumes;
use super::template::{Keys, run};

/// The options of `[docker_cli/run_volumes/file_volume]`.
#[derive(Deserialize)]
struct Options {
    #[serde(with = "types::list")]
    host_paths: Vec<String>,
    #[serde(with = "types::list")]
    cntr_paths: Vec<String>,
    #[serde(with = "types::list")]
    run_template: Vec<String>,
    cmd_template: String,
    regex: String,
}

/// Looks at a path of the host.
#[derive(Default)]
pub(super) struct FileVolume;

impl SubSubtest<RunVolumes> for FileVolume {
    fn run_once(&mut self, _parent: &mut RunVolumes, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let ([host_path], [cntr_path]) = (&options.host_paths[..], &options.cntr_paths[..]) else {
            let reason = "`host_paths` and `cntr_paths` must have one path each";
            return Err(Failure::new(Verdict::Error, reason));
        };
        if !Path::new(host_path).exists() {
            // An engine would make a folder there.
            return Err(NotApplicable::because(format!("the host has no {host_path} (option `host_paths`)")).into());
        }
        let cidfile = ctx.tmp().join("cidfile").display().to_string();
        let keys = Keys::new([("cidfile", &*cidfile), ("host_path", host_path), ("cntr_path", cntr_path)]);
        let mut words = Vec::new();
        for option in &options.run_template {
            words.extend(keys.words("run_template", option)?);
        }
        // A terminal in the container wants one here.
        let is_tty = |word: &String| word == "--tty" || word.strip_prefix('-').is_some_and(is_short_with_t);
        let needs_terminal = words.iter().any(is_tty);
        let name = ctx.container_name("file");
        let words = run(ctx, &name, words, keys.words("cmd_template", &options.cmd_template)?)?;
        let command = ctx.docker(words);
        let command = if needs_terminal { command.terminal() } else { command };
        let seen = command.must_pass()?.clean()?;
        let regex = RegexBuilder::new(&options.regex).multi_line(true).crlf(true).build()?;
        let text = seen.stdout_text().into_owned();
        seen.check(regex.is_match(&text), format!("`{}` is on standard output", options.regex))
    }
}

fn is_short_with_t(letters: &str) -> bool {
    letters.contains('t') && letters.bytes().all(|letter| letter.is_ascii_lowercase())
}
