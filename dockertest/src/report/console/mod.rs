//! The tree that a person watches: what starts, what it says, how it ends, and at the end how it all went.
//!
//! Each depth is four blanks, and the columns of a line end at tab stops of four. Text of strangers cannot break a
//! line or drive the terminal. Colours are added only in [`Style::Coloured`]; the text is the same without them.

mod page;
mod sink;

pub(super) use page::phase_text;
pub(super) use sink::again;
pub use sink::{Console, Style};
