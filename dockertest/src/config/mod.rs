//! Configuration: the INI dialect, layers, interpolation, typed sections, and where each value came from.

mod section;

pub use section::{Origin, Section, Setting};
