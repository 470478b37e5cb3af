//! One command line with something invalid in it.

use std::time::Duration;

use dockertest::prelude::*;
use dockertest::verdict::Verdict;

use super::{Expected, Options, Position};

/// A command line with something invalid in it, and what is to come of it.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) position: Position,
    /// The invalid words.
    pub(super) invalid: Vec<String>,
    /// The name of the container that must not run.
    pub(super) name: String,
    /// Whether it must fail.
    pub(super) must_fail: bool,
    /// Any status but 0 without one.
    pub(super) status: Option<i32>,
    /// One of these must be said, in lower case; nothing is any text.
    pub(super) texts: Vec<String>,
    words: Vec<String>,
    limit: Duration,
}

/// All that a section lists.
pub(super) fn items(options: &Options, image: &str, ctx: &mut Context) -> Outcome<Vec<Item>> {
    let lists = [
        (&options.invalid_run_params, &options.invalid_pars_expected_output, &options.invalid_pars_expected_status),
        (&options.invalid_run_values, &options.invalid_vals_expected_output, &options.invalid_vals_expected_status),
    ];
    let mut items = Vec::new();
    for (listed, texts, statuses) in lists {
        for (index, text) in listed.iter().enumerate() {
            let invalid = shlex::split(text).ok_or_else(|| wrong(format!("an item has an open quote: {text}")))?;
            let mut item = Item::new(options, image, invalid, ctx);
            item.texts = nth(texts, index)
                .map_or_else(Vec::new, |texts| texts.split('|').map(|text| text.trim().to_lowercase()).collect());
            item.status = match nth(statuses, index).map(String::as_str) {
                None | Some("any") => None,
                Some(status) => {
                    Some(status.parse().map_err(|_| wrong(format!("`{status}` is no exit status, and not `any`")))?)
                }
            };
            items.push(item);
        }
    }
    if items.is_empty() {
        return Err(wrong("both `invalid_run_params` and `invalid_run_values` are empty".to_owned()));
    }
    Ok(items)
}

fn wrong(reason: String) -> Failure {
    Failure::new(Verdict::Error, reason)
}

/// The last one is for all that follow.
fn nth(list: &[String], index: usize) -> Option<&String> {
    list.get(index).or(list.last())
}

impl Item {
    fn new(options: &Options, image: &str, invalid: Vec<String>, ctx: &mut Context) -> Item {
        let name = ctx.container_name("invalid");
        let mut words = vec!["run".to_owned(), format!("--name={name}"), "--network=none".to_owned()];
        words.extend(ctx.labels());
        let image = Some(image.to_owned()).filter(|_| options.input_docker_tag);
        match options.section {
            Position::Option | Position::Image => words.extend(invalid.iter().cloned().chain(image)),
            Position::Command => words.extend(image.into_iter().chain(invalid.iter().cloned())),
        }
        Item {
            position: options.section,
            invalid,
            name,
            must_fail: options.expected_result == Expected::Fail,
            status: None,
            texts: Vec::new(),
            words,
            limit: options.docker_invalid_timeout,
        }
    }

    /// The same with nothing invalid in it.
    pub(super) fn control(options: &Options, image: &str, ctx: &mut Context) -> Outcome<Item> {
        let command = shlex::split(&options.valid_command)
            .ok_or_else(|| wrong(format!("`valid_command` has an open quote: {}", options.valid_command)))?;
        let mut item = Item::new(options, image, Vec::new(), ctx);
        if !options.input_docker_tag {
            item.words.push(image.to_owned());
        }
        item.words.extend(command.iter().cloned());
        Ok(Item { invalid: command, must_fail: false, ..item })
    }

    /// Runs it, whatever comes of it.
    pub(super) fn run(&self, ctx: &Context) -> Outcome<Completed> {
        Ok(ctx.docker(self.words.iter().cloned()).timeout(self.limit).run()?)
    }
}
