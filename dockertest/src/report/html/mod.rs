//! One HTML file for a run: verdicts, failures with all that is known of them, logs, who ran what and when.
//!
//! The file needs nothing else: no network, no script of others. Everything in it comes from outside (engines, hosts,
//! people), so the template engine escapes every text, control characters are made visible, and the file itself forbids
//! the browser, by the digests of its only script and style sheet, to run anything else.

mod document;
mod evidence;
mod gather;
mod overview;
mod steps;
#[cfg(test)]
mod style_tests;
#[cfg(test)]
mod tests;
mod timeline;

use std::io::{self, Write};

use maud::{Markup, html};

use super::RunnerIs;
use super::projection::Projection;
use crate::journal::Record;
pub(super) use document::{Parts, document};
pub(super) use evidence::{parts, shown, verdict};
use gather::Run;
pub(super) use overview::fact;

const SCRIPT: &str = include_str!("page.js");

/// The report.
#[derive(Debug, Default)]
pub(super) struct Page {
    run: Run,
}

impl Projection for Page {
    fn record(&mut self, record: &Record, _out: &mut dyn Write) -> io::Result<()> {
        self.run.record(record);
        Ok(())
    }

    fn finish(&mut self, runner: RunnerIs, out: &mut dyn Write) -> io::Result<()> {
        if runner == RunnerIs::Gone {
            self.run.state.note_cut();
        }
        out.write_all(page(&self.run).into_string().as_bytes())
    }
}

fn page(run: &Run) -> Markup {
    let body = html! {
        a.skip href="#steps" { "Skip to the steps" }
        header { (overview::head(run)) }
        nav aria-label="On this page" {
            a href="#failures" { "What did not pass" }
            a href="#timeline" { "Timeline" }
            a href="#steps" { "Steps" }
            a href="#place" { "Engine and host" }
        }
        main {
            section aria-labelledby="failures" { h2 id="failures" { "What did not pass" } (overview::failures(run)) }
            section aria-labelledby="timeline" { h2 id="timeline" { "Timeline" } (timeline::timeline(run)) }
            section aria-labelledby="steps" { h2 id="steps" { "Steps" } (steps::filter(run)) (steps::tree(run)) }
            section aria-labelledby="place" { h2 id="place" { "Engine and host" } (overview::place(run)) }
            @if !run.log.lines.is_empty() {
                section aria-labelledby="runner" {
                    h2 id="runner" { "What the runner said" }
                    (evidence::log(run, &run.log))
                }
            }
        }
        footer { p.soft { "Made by dockertest from the journal of the run, and from nothing else." } }
    };
    let title = format!("{}: {}", run.state.verdict(), overview::title(run));
    document(&Parts { title: &title, script: SCRIPT, body })
}
