//! What was measured, as a table in Markdown.

use std::fmt::Write as _;

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// For example `P1`.
    pub number: &'static str,
    /// What was measured.
    pub quantity: String,
    /// What it should be.
    pub target: String,
    /// What it is.
    pub measured: String,
    /// Compared to what it is measured against.
    pub ratio: String,
    /// Whether it is as it should be; nothing where nothing is demanded, or nothing was measured.
    pub met: Option<bool>,
}

impl Row {
    /// A line without a figure.
    #[must_use]
    pub fn new(number: &'static str, quantity: impl Into<String>) -> Row {
        let none = String::new;
        Row { number, quantity: quantity.into(), target: none(), measured: none(), ratio: none(), met: None }
    }

    /// With its figure.
    #[must_use]
    pub fn measured(mut self, measured: impl Into<String>) -> Row {
        self.measured = measured.into();
        self
    }

    /// With what it is compared to.
    #[must_use]
    pub fn ratio(mut self, ratio: impl Into<String>) -> Row {
        self.ratio = ratio.into();
        self
    }

    /// With a demand, and whether it is met.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>, met: Met) -> Row {
        self.target = target.into();
        self.met = Some(met == Met::Yes);
        self
    }
}

/// Whether a demand is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// It is.
    Yes,
    /// It is not.
    No,
}

impl Met {
    /// `Yes` if the value is not greater than the limit.
    #[must_use]
    pub fn at_most(value: f64, limit: f64) -> Met {
        if value <= limit { Met::Yes } else { Met::No }
    }

    /// `Yes` if both are.
    #[must_use]
    pub fn and(self, other: Met) -> Met {
        if self == Met::Yes { other } else { Met::No }
    }
}

/// The table.
#[must_use]
pub fn render(rows: &[Row]) -> String {
    let mut text =
        "| | quantity | target | measured | ratio | met |\n| --- | --- | --- | --- | --- | --- |\n".to_owned();
    for row in rows {
        let met = match row.met {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        let Row { number, quantity, target, measured, ratio, .. } = row;
        let _ = writeln!(text, "| {number} | {quantity} | {target} | {measured} | {ratio} | {met} |");
    }
    text
}

/// Milliseconds with three digits that count.
#[must_use]
pub fn ms(seconds: f64) -> String {
    let ms = seconds * 1000.0;
    match ms.abs() {
        small if small < 1.0 => format!("{ms:.3} ms"),
        small if small < 10.0 => format!("{ms:.2} ms"),
        small if small < 100.0 => format!("{ms:.1} ms"),
        _ => format!("{ms:.0} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_that_is_not_met_catches_the_eye() {
        let row = Row::new("P1", "overhead").measured(ms(0.001_23)).ratio("1.30").target("≤ 1.25", Met::No);
        let text = render(&[row]);
        assert!(text.ends_with("| P1 | overhead | ≤ 1.25 | 1.23 ms | 1.30 | **no** |\n"), "{text}");
    }
}
