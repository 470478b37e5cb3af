//! Readers of what commands print for people. Only for subtests whose subject is that text.

mod table;

pub use table::{Row, Table, TableError};
