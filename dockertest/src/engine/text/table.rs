//! Tables with a header, as `docker images` and `docker ps` print them.

use std::ops::Range;

use crate::engine::Completed;
use crate::outcome::Evidence;
use crate::subtest::{CheckFailed, Outcome};

/// A table that was printed for people: a header, then a line for each row.
///
/// A column begins where its name begins and ends where the next one begins; two blanks or more part the names.
///
/// ```
/// use dockertest::engine::Table;
///
/// let table = Table::parse(
///     "CONTAINER ID   IMAGE     NAMES\n\
///      4c01db0b339c   busybox   one\n\
///      d7a06fd4a2d5             two\n",
/// )?;
/// assert_eq!(table.columns(), ["CONTAINER ID", "IMAGE", "NAMES"]);
/// assert_eq!(table.rows().len(), 2);
/// let two = table.rows().find(|row| row.get("NAMES") == Some("two")).unwrap();
/// assert_eq!((two.get("CONTAINER ID"), two.get("IMAGE")), (Some("d7a06fd4a2d5"), Some("")));
/// # Ok::<(), dockertest::engine::TableError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A text that is no table, and why.
///
/// ```
/// use dockertest::engine::Table;
///
/// let error = Table::parse("NAME      DRIVER\nvery-long-name local\n").unwrap_err();
/// assert_eq!(error.to_string(), "line 2 does not fit the header: column `DRIVER` begins within a word: `very-long-name local`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// There is no header.
    #[error("there is no header")]
    NoHeader,
    /// The header does not begin with a name.
    #[error("the header begins with a blank: `{0}`")]
    Indented(String),
    /// Two columns have the same name.
    #[error("the column `{0}` is there twice")]
    Twice(String),
    /// A line has nothing in it.
    #[error("line {0} is empty")]
    Empty(usize),
    /// A word reaches over the border of two columns.
    #[error("line {line} does not fit the header: column `{column}` begins within a word: `{text}`")]
    Misplaced {
        /// Which line, the header being the first.
        line: usize,
        /// The column at whose beginning it is.
        column: String,
        /// The line.
        text: String,
    },
}

/// A row of a [`Table`].
///
/// ```
/// # use dockertest::engine::Table;
/// let table = Table::parse("NAME   SIZE\none    1.2 MB\n")?;
/// let row = table.rows().next().unwrap();
/// assert_eq!(row.get("SIZE"), Some("1.2 MB"));
/// assert_eq!(row.get("AGE"), None); // no such column
/// # Ok::<(), dockertest::engine::TableError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    columns: &'a [String],
    cells: &'a [String],
}

impl<'a> Row<'a> {
    /// What stands in the column of this name, without the blanks around it; nothing if there is no such column.
    ///
    /// ```
    /// # use dockertest::engine::Table;
    /// let table = Table::parse("IMAGE ID   TAG\n4c01db0b   1.2\n")?;
    /// let tags: Vec<_> = table.rows().map(|row| row.get("TAG")).collect();
    /// assert_eq!(tags, [Some("1.2")]);
    /// # Ok::<(), dockertest::engine::TableError>(())
    /// ```
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&'a str> {
        let place = self.columns.iter().position(|name| name == column)?;
        self.cells.get(place).map(String::as_str)
    }
}

impl Table {
    /// Reads a table. Without rows it is one, too; without a header it is none.
    ///
    /// # Errors
    /// When the header, or a line, is not as it must be.
    ///
    /// ```
    /// # use dockertest::engine::{Table, TableError};
    /// assert_eq!(Table::parse("NAME   SIZE\n")?.rows().len(), 0);
    /// assert_eq!(Table::parse("\n"), Err(TableError::NoHeader));
    /// # Ok::<(), TableError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let mut lines = text.lines();
        let header: Vec<char> = lines.next().unwrap_or_default().trim_end().chars().collect();
        match header.first() {
            None => return Err(TableError::NoHeader),
            Some(first) if first.is_whitespace() => return Err(TableError::Indented(header.iter().collect())),
            Some(_) => (),
        }
        let starts = starts(&header);
        let columns = cells(&header, &starts);
        if let Some(twice) = columns.iter().enumerate().find(|(place, name)| columns[..*place].contains(name)) {
            return Err(TableError::Twice(twice.1.clone()));
        }
        let mut rows = Vec::new();
        for (number, text) in (2..).zip(lines) {
            if text.trim().is_empty() {
                return Err(TableError::Empty(number));
            }
            let line: Vec<char> = text.chars().collect();
            let within_word = |start: &usize| *start > 0 && line.get(*start - 1).is_some_and(|c| *c != ' ');
            if let Some(place) = starts.iter().position(within_word) {
                let column = columns[place].clone();
                return Err(TableError::Misplaced { line: number, column, text: text.to_owned() });
            }
            rows.push(cells(&line, &starts));
        }
        Ok(Table { columns, rows })
    }

    /// The names of the columns, from the left.
    ///
    /// ```
    /// # use dockertest::engine::Table;
    /// assert_eq!(Table::parse("IMAGE ID   SIZE")?.columns(), ["IMAGE ID", "SIZE"]);
    /// # Ok::<(), dockertest::engine::TableError>(())
    /// ```
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The rows, from the top.
    ///
    /// ```
    /// # use dockertest::engine::Table;
    /// let table = Table::parse("NAME   SIZE\none    1\ntwo    2\n")?;
    /// let names: Vec<_> = table.rows().filter_map(|row| row.get("NAME")).collect();
    /// assert_eq!(names, ["one", "two"]);
    /// # Ok::<(), dockertest::engine::TableError>(())
    /// ```
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { columns: &self.columns, cells })
    }
}

impl Completed {
    /// The table on standard output.
    ///
    /// # Errors
    /// `FAIL` when it is none.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let table = ctx.docker(["images", "--no-trunc"]).must_pass()?.table()?;
    /// ctx.info(format!("{} images", table.rows().len()));
    /// # Ok(()) }
    /// ```
    pub fn table(&self) -> Outcome<Table> {
        let text = self.stdout_text();
        Ok(Table::parse(&text).map_err(|error| {
            let evidence = Evidence {
                command: Some(self.command.clone()),
                expected: Some("a table: a header, and rows that fit it".to_owned()),
                seen: Some(text.clone().into_owned()),
                ..Evidence::default()
            };
            CheckFailed::new(format!("`{}` does not print a table: {error}", self.command), evidence)
        })?)
    }
}

/// Where the names of a header begin: at its begin, and after two blanks or more.
fn starts(header: &[char]) -> Vec<usize> {
    let begins = |place: &usize| match *place {
        0 => true,
        1 => false,
        place => header[place] != ' ' && header[place - 1] == ' ' && header[place - 2] == ' ',
    };
    (0..header.len()).filter(begins).collect()
}

/// A line cut at the beginnings of the columns.
fn cells(line: &[char], starts: &[usize]) -> Vec<String> {
    let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
    let cell = |range: Range<usize>| {
        let range = range.start.min(line.len())..range.end.min(line.len());
        line[range].iter().collect::<String>().trim().to_owned()
    };
    starts.iter().zip(ends).map(|(start, end)| cell(*start..end)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn wide_and_empty_cells_stay_in_their_columns() {
        let table = Table::parse("A B   C     D\né…    x y\n            z\nlong  q     1 2  3\n").unwrap();
        let row = |place: usize| {
            let row = table.rows().nth(place).unwrap();
            ["A B", "C", "D"].map(|column| row.get(column).unwrap())
        };
        assert_eq!(row(0), ["é…", "x y", ""]);
        assert_eq!(row(1), ["", "", "z"]);
        assert_eq!(row(2), ["long", "q", "1 2  3"]);
    }

    #[rstest]
    #[case("", TableError::NoHeader)]
    #[case("\nA   B\n", TableError::NoHeader)]
    #[case(" A   B\n", TableError::Indented(" A   B".to_owned()))]
    #[case("A   B   A\n", TableError::Twice("A".to_owned()))]
    #[case("A   B\n1   2\n\n", TableError::Empty(3))]
    #[case("A   B\n1234\n", TableError::Misplaced { line: 2, column: "B".to_owned(), text: "1234".to_owned() })]
    fn what_is_no_table_is_refused(#[case] text: &str, #[case] expected: TableError) {
        assert_eq!(Table::parse(text).unwrap_err(), expected);
    }

    /// Writes a table as the engines do: each column as wide as its widest cell, and some blanks more.
    fn written(columns: &[Vec<String>], padding: usize) -> String {
        let height = columns.first().map_or(0, Vec::len);
        let width = |column: &Vec<String>| column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0) + padding;
        let line = |place: usize| {
            let cells = columns.iter().map(|column| format!("{:1$}", column[place], width(column)));
            cells.collect::<String>() + "\n"
        };
        (0..height).map(line).collect()
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(
            cells in proptest::collection::vec(proptest::collection::vec("[a-zé…]{1,4}( [0-9a-z]{1,3}){0,2}", 4), 1..5),
            padding in 2_usize..5,
        ) {
            let named: Vec<Vec<String>> = cells.iter().enumerate().map(|(place, column)| {
                let mut column = column.clone();
                column[0] = format!("{place} {}", column[0]);
                column
            }).collect();
            let table = Table::parse(&written(&named, padding)).unwrap();
            prop_assert_eq!(table.columns().len(), named.len());
            for column in &named {
                let seen: Vec<&str> = table.rows().map(|row| row.get(&column[0]).unwrap()).collect();
                prop_assert_eq!(seen, column[1..].iter().map(String::as_str).collect::<Vec<_>>());
            }
        }
    }
}
