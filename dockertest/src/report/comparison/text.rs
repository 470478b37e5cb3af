//! The comparison as a table for a terminal, and as one for a page.

use std::fmt::Write as _;

use super::{ComparedCell, ComparedRow, Comparison};
use crate::report::text::push_line;
use crate::verdict::Verdict;

/// What stands for an engine on which a row was not run.
const NOT_RUN: &str = "-";

impl Comparison {
    /// A table for a terminal: a line for each subtest, and for each sub-subtest that is worth one; below it every
    /// difference with its explanation.
    #[must_use]
    pub fn table(&self) -> String {
        let rows: Vec<&ComparedRow> = self.shown().collect();
        let label = |row: &ComparedRow| if row.is_subsubtest { format!("  {}", row.name) } else { row.name.clone() };
        let first = rows.iter().map(|row| label(row).chars().count()).max().unwrap_or(0).max("subtest".len());
        let widths: Vec<usize> = self.engines.iter().map(|engine| engine.name.chars().count().max(7)).collect();
        let mut text = format!("{:first$}", "subtest");
        for (engine, width) in self.engines.iter().zip(&widths) {
            write_to(&mut text, format_args!("  {:width$}", engine.name));
        }
        end_line(&mut text);
        for row in rows {
            let mut line = String::new();
            push_line(&mut line, &label(row), " ");
            write_to(&mut text, format_args!("{line:first$}"));
            for (cell, width) in row.cells.iter().zip(&widths) {
                write_to(&mut text, format_args!("  {:width$}", word(cell.as_ref())));
            }
            end_line(&mut text);
        }
        self.push_totals(&mut text, first, &widths);
        self.push_explanations(&mut text);
        text
    }

    /// The same for a page of Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = "| |".to_owned();
        for engine in &self.engines {
            write_to(&mut text, format_args!(" {} |", in_cell(&engine.name)));
        }
        text.push_str("\n| --- |");
        text.push_str(&" --- |".repeat(self.engines.len()));
        text.push('\n');
        for row in self.shown() {
            write_to(&mut text, format_args!("| `{}` |", in_cell(&row.name)));
            for cell in &row.cells {
                match cell {
                    Some(cell) if cell.verdict == Verdict::Good => text.push_str(" GOOD |"),
                    cell => write_to(&mut text, format_args!(" **{}** |", word(cell.as_ref()))),
                }
            }
            text.push('\n');
        }
        text.push('\n');
        for engine in &self.engines {
            write_to(&mut text, format_args!("* {}: {}\n", in_cell(&engine.name), in_cell(engine.told())));
        }
        text
    }

    fn shown(&self) -> impl Iterator<Item = &ComparedRow> {
        self.rows.iter().filter(|row| row.is_shown())
    }

    fn push_totals(&self, text: &mut String, first: usize, widths: &[usize]) {
        text.push('\n');
        let mut line = |name: &str, value: &dyn Fn(usize) -> String| {
            write_to(text, format_args!("{name:first$}"));
            for (column, width) in widths.iter().enumerate() {
                write_to(text, format_args!("  {:width$}", value(column)));
            }
            end_line(text);
        };
        line("verdict", &|column| self.engines[column].verdict.to_string());
        line("seconds", &|column| format!("{:.0}", self.engines[column].seconds));
        for verdict in Verdict::ALL {
            let count = |column: usize| {
                let cells =
                    self.rows.iter().filter(|row| !row.is_subsubtest).filter_map(|row| row.cells[column].as_ref());
                cells.filter(|cell| cell.verdict == verdict).count()
            };
            if (0..widths.len()).any(|column| count(column) > 0) {
                line(&format!("{verdict} subtests"), &|column| count(column).to_string());
            }
        }
        text.push('\n');
        for engine in &self.engines {
            let mut line = String::new();
            push_line(&mut line, &format!("{}: {}", engine.name, engine.told()), " ");
            text.push_str(&line);
            end_line(text);
        }
        for engine in &self.engines {
            if let Some(why) = &engine.incomplete {
                write_to(text, format_args!("\n{} is not complete: {why}", engine.name));
                end_line(text);
            }
        }
    }

    /// Each verdict that is not `GOOD`, with what the engine did.
    fn push_explanations(&self, text: &mut String) {
        for explanation in self.explanations() {
            push_explanation(text, &self.rows[explanation.row].name, &self.names(&explanation), explanation.cell);
        }
    }
}

fn push_explanation(text: &mut String, row: &str, engine: &str, cell: &ComparedCell) {
    let mut line = |indent: &str, said: &str| {
        text.push_str(indent);
        push_line(text, said, "    ");
        text.push('\n');
    };
    line("\n", &format!("{row} on {engine}: {}: {}", cell.verdict, cell.reason));
    if let Some(known) = &cell.known_failure {
        line("    known:    ", known);
    }
    let Some(evidence) = &cell.evidence else { return };
    let parts = [("command", &evidence.command), ("expected", &evidence.expected), ("seen", &evidence.seen)];
    for (name, part) in parts {
        let Some(part) = part else { continue };
        let mut lines = part.lines();
        let (shown, more) = (lines.next().unwrap_or_default(), lines.count());
        let more = match more {
            0 => String::new(),
            1 => " (and 1 more line)".to_owned(),
            more => format!(" (and {more} more lines)"),
        };
        line(&format!("    {:9} ", format!("{name}:")), &format!("{shown}{more}"));
    }
}

fn word(cell: Option<&ComparedCell>) -> &'static str {
    cell.map_or(NOT_RUN, |cell| cell.verdict.as_str())
}

/// What would end a cell, or begin something else in it, is made harmless.
fn in_cell(text: &str) -> String {
    let mut line = String::new();
    push_line(&mut line, text, " ");
    line.replace('|', "\\|")
}

fn end_line(text: &mut String) {
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

fn write_to(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // A text takes whatever is written to it.
    let _ = text.write_fmt(arguments);
}
