//! What is made of the records as they come.

use std::io;

use super::Record;

/// Something that is made of the records as they come: a report, the screen, the site.
///
/// It runs on the journal's thread, so it has to be quick. After an error it is not called again; the journal goes on,
/// and [`Writer::report_failure`](super::Writer::report_failure) tells.
///
/// ```
/// use std::io;
///
/// use dockertest::journal::{Event, Record, Sink};
///
/// /// Shows a dot for each step that has ended.
/// struct Dots<W>(W);
///
/// impl<W: io::Write + Send> Sink for Dots<W> {
///     fn record(&mut self, record: &Record) -> io::Result<()> {
///         if matches!(record.event, Event::StepEnded(_)) { self.0.write_all(b".") } else { Ok(()) }
///     }
///
///     fn idle(&mut self) -> io::Result<()> {
///         self.0.flush()
///     }
/// }
///
/// let sinks: Vec<Box<dyn Sink>> = vec![Box::new(Dots(io::stderr()))];
/// ```
pub trait Sink: Send {
    /// Takes in a record that is in the journal. Records that somebody committed are durable by then.
    ///
    /// # Errors
    /// What kept the sink from writing its report.
    fn record(&mut self, record: &Record) -> io::Result<()>;

    /// Takes in a record from before this process, when a journal is opened again. Nothing is to be shown for it.
    ///
    /// # Errors
    /// What kept the sink from writing its report.
    fn past(&mut self, _record: &Record) -> io::Result<()> {
        Ok(())
    }

    /// Nothing is waiting: a good moment to write out what was collected. Also called once at the end.
    ///
    /// # Errors
    /// What kept the sink from writing its report.
    fn idle(&mut self) -> io::Result<()> {
        Ok(())
    }
}
