//! The comparison as one page for a browser.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{ComparedCell, ComparedEngine, ComparedRow, Comparison, Explanation};
use crate::outcome::Ending;
use crate::report::html::{Parts, document, fact, parts, shown, verdict};
use crate::report::text::first_line;
use crate::report::time::for_people;
use crate::verdict::Verdict;

const SCRIPT: &str = include_str!("page.js");

/// Where what is in a row and a column is explained.
type Anchors = BTreeMap<(usize, usize), String>;

impl Comparison {
    /// The same as one HTML file that needs no other: each verdict that is not `GOOD` leads to its explanation.
    ///
    /// ```
    /// use dockertest::report::Comparison;
    ///
    /// let page = Comparison::of([]).html();
    /// assert!(page.starts_with("<!DOCTYPE html>"));
    /// ```
    #[must_use]
    pub fn html(&self) -> String {
        let explained = self.explanations();
        let anchors: Anchors =
            explained.iter().flat_map(|it| it.columns.iter().map(|column| ((it.row, *column), anchor(it)))).collect();
        let names: Vec<&str> = self.engines.iter().map(|engine| engine.name.as_str()).collect();
        let differing = self.rows.iter().filter(|row| row.differs()).count();
        let body = html! {
            a.skip href="#table" { "Skip to the table" }
            header {
                p.soft { "dockertest matrix: one suite, " (self.engines.len()) " engines" }
                h1 { (verdict(self.worst().as_str())) " " (shown(&names.join(", "))) }
                @for engine in &self.engines { (incomplete(engine)) }
                p {
                    (self.rows.len()) " subtests and sub-subtests, " strong { (differing) } " of them not the same everywhere, "
                    (anchors.len()) " verdicts explained."
                }
                dl.facts { @for engine in &self.engines { (fact(&engine.name, engine.told())) } }
            }
            nav aria-label="On this page" {
                a href="#table" { "Table" }
                a href="#explained" { "Every difference, explained" }
            }
            main {
                section aria-labelledby="table" { h2 id="table" { "Table" } (filter()) (self.table_of_page(&anchors)) }
                section aria-labelledby="explained" {
                    h2 id="explained" { "Every difference, explained" }
                    @if explained.is_empty() { p { "Everything is GOOD on every engine." } }
                    @for it in &explained { (explanation(it, &self.rows[it.row].name, &self.names(it))) }
                }
            }
            footer { p.soft { "Made by dockertest from the journals of the runs, and from nothing else." } }
        };
        let title = format!("{}: {}", self.worst(), names.join(", "));
        document(&Parts { title: &title, script: SCRIPT, body }).into_string()
    }

    fn table_of_page(&self, anchors: &Anchors) -> Markup {
        html! {
            div.wide tabindex="0" role="region" aria-label="Table" {
                table.compared {
                    thead { tr {
                        th scope="col" { "subtest" }
                        @for engine in &self.engines {
                            th scope="col" { (shown(&engine.name)) br; span.soft { (shown(&engine.version())) } }
                        }
                    } }
                    tbody {
                        @for (at, row) in self.rows.iter().enumerate().filter(|(_, row)| row.is_shown()) {
                            tr.child[row.is_subsubtest].differs[row.differs()] {
                                th scope="row" { (name_of(row)) @if row.differs() { span.soft { " differs" } } }
                                @for (column, cell) in row.cells.iter().enumerate() {
                                    td { (self.cell(at, column, cell.as_ref(), anchors)) }
                                }
                            }
                        }
                    }
                    tfoot {
                        (total("verdict", &self.engines, |engine| engine.verdict.to_string()))
                        (total("took", &self.engines, |engine| for_people(engine.seconds)))
                    }
                }
            }
        }
    }

    fn cell(&self, at: usize, column: usize, cell: Option<&ComparedCell>, anchors: &Anchors) -> Markup {
        let Some(cell) = cell else { return html! { span.soft { "not run" } } };
        // What its sub-subtests explain is explained with the first of these.
        let family = (at + 1..self.rows.len()).take_while(|child| self.rows[*child].is_subsubtest);
        let place = std::iter::once(at).chain(family).find_map(|row| anchors.get(&(row, column)));
        match place.filter(|_| cell.verdict != Verdict::Good) {
            Some(anchor) => html! { a href={ "#" (anchor) } { (verdict(cell.verdict.as_str())) } },
            None => verdict(cell.verdict.as_str()),
        }
    }
}

impl ComparedRow {
    /// All subtests are shown, and the sub-subtests that are not `GOOD` everywhere.
    pub(super) fn is_shown(&self) -> bool {
        let is_good = |cell: &Option<ComparedCell>| cell.as_ref().is_some_and(|cell| cell.verdict == Verdict::Good);
        !self.is_subsubtest || !self.cells.iter().all(is_good)
    }
}

/// The name of a sub-subtest stands below that of its subtest, which those do not see who are read to.
fn name_of(row: &ComparedRow) -> Markup {
    match row.name.rsplit_once('/').filter(|_| row.is_subsubtest) {
        Some((subtest, name)) => html! { span.unseen { (shown(subtest)) "/" } (shown(name)) },
        None => html! { (shown(&row.name)) },
    }
}

fn incomplete(engine: &ComparedEngine) -> Markup {
    html! {
        @if let Some(why) = &engine.incomplete {
            p.notice { strong { (shown(&engine.name)) " is not complete" } ": " (shown(why)) }
        }
    }
}

fn filter() -> Markup {
    html! {
        form id="filter" role="search" aria-label="Filter rows" hidden {
            div.line {
                label { span { "Search" } input id="search" type="search" autocomplete="off"; }
                label { input id="differing" type="checkbox"; " only where engines differ" }
                span id="count" role="status" {}
            }
        }
    }
}

fn total(name: &str, engines: &[ComparedEngine], value: impl Fn(&ComparedEngine) -> String) -> Markup {
    html! { tr { th scope="row" { (name) } @for engine in engines { td { (value(engine)) } } } }
}

fn explanation(explanation: &Explanation<'_>, name: &str, engines: &str) -> Markup {
    let cell = explanation.cell;
    let mut ending = Ending::new(cell.verdict, cell.reason.as_str());
    (ending.evidence, ending.known_failure) = (cell.evidence.clone(), cell.known_failure.clone());
    html! {
        article id=(anchor(explanation)) {
            h3 { (verdict(cell.verdict.as_str())) " " (shown(name)) span.tag { (shown(engines)) } }
            @if !cell.reason.is_empty() { p { (shown(first_line(&cell.reason))) } }
            (parts(&ending, None))
        }
    }
}

/// The id of an explanation.
fn anchor(explanation: &Explanation<'_>) -> String {
    format!("r{}-{}", explanation.row, explanation.columns.first().copied().unwrap_or_default())
}
