//! The engine's events: one stream in place of asking again and again.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bollard::errors::Error;
use bollard::models::EventMessage;
use bollard::query_parameters as query;
use futures_util::{Stream, StreamExt};

use crate::engine::api::{Api, ApiFailure};
use crate::outcome::Evidence;
use crate::subtest::{CheckFailed, Outcome};

/// Long enough to send the request for the stream. What happens before it arrives is told as well.
const SEND: Duration = Duration::from_millis(2);

/// Something that happened in the engine.
///
/// ```
/// use dockertest::engine::Event;
///
/// let mut event = Event::default(); // what `Events` gives is filled in
/// (event.kind, event.action, event.id) = ("container".to_owned(), "die".to_owned(), "4f1c".to_owned());
/// assert_eq!(event.to_string(), "container die 4f1c");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Event {
    /// What it happened to: `container`, `image`, `volume`, `network`, …
    pub kind: String,
    /// What happened, for example `create`, `kill`, `die`.
    pub action: String,
    /// The id, or name, of what it happened to.
    pub id: String,
    /// What else the engine tells, for example `name`, `signal`, `exitCode`.
    pub attributes: HashMap<String, String>,
    /// When, in nanoseconds since 1970.
    pub time: i64,
}

impl Event {
    /// One of the attributes; empty if the engine does not tell it.
    ///
    /// ```
    /// use dockertest::engine::Event;
    /// assert_eq!(Event::default().attribute("exitCode"), "");
    /// ```
    #[must_use]
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.kind, self.action, self.id)?;
        let told = ["signal", "exitCode"].map(|name| (name, self.attribute(name)));
        told.iter().filter(|(_, value)| !value.is_empty()).try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

impl From<EventMessage> for Event {
    fn from(message: EventMessage) -> Event {
        let actor = message.actor.unwrap_or_default();
        Event {
            kind: message.typ.map(|kind| kind.to_string()).unwrap_or_default(),
            action: message.action.unwrap_or_default(),
            id: actor.id.unwrap_or_default(),
            attributes: actor.attributes.unwrap_or_default(),
            time: message.time_nano.unwrap_or_default(),
        }
    }
}

/// The stream of what happens in the engine, from the moment on in which it was [asked for](Api::events).
///
/// ```no_run
/// # use std::time::Duration;
/// # use dockertest::prelude::*;
/// # fn phase(ctx: &mut Context, container: dockertest::engine::Container) -> Outcome {
/// let mut events = ctx.api()?.events(&[("container", container.id())])?;
/// ctx.docker(["kill", container.name()]).must_pass()?;
/// let seen = events.until(|event| event.action == "die", Duration::from_secs(10))?;
/// check!(seen.iter().any(|event| event.action == "kill"), "the engine tells of the kill");
/// # Ok(()) }
/// ```
pub struct Events {
    api: Rc<Api>,
    stream: Pin<Box<dyn Stream<Item = Result<EventMessage, Error>>>>,
    /// What has come, and nobody has asked for yet.
    come: VecDeque<Event>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("come", &self.come).finish_non_exhaustive()
    }
}

impl Api {
    /// The events from now on that fit these filters: of the same name one of them, of different names each
    /// (`type`, `container`, `image`, `event`, `label`, …).
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let mut events = ctx.api()?.events(&[("type", "container"), ("event", "die"), ("event", "destroy")])?;
    /// # Ok(()) }
    /// ```
    pub fn events(self: &Rc<Api>, filters: &[(&str, &str)]) -> Result<Events, ApiFailure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut by_name: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in filters {
            by_name.entry((*name).to_owned()).or_default().push((*value).to_owned());
        }
        let options = query::EventsOptions {
            since: Some(format!("{}.{:09}", now.as_secs(), now.subsec_nanos())),
            until: None,
            filters: Some(by_name),
        };
        // An engine where nothing happens may not even begin to answer.
        let stream = Box::pin(self.client_within(Duration::from_hours(24)).events(Some(options)));
        let mut events = Events { api: Rc::clone(self), stream, come: VecDeque::new() };
        let first = events.take(SEND);
        events.come.extend(first?);
        Ok(events)
    }
}

impl Events {
    /// The next event.
    ///
    /// # Errors
    /// `FAIL` when none comes within the limit.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let mut events = ctx.api()?.events(&[("type", "volume")])?;
    /// let name = ctx.volume_name("test");
    /// ctx.docker(["volume", "create", &name]).must_pass()?;
    /// check_eq!(events.next(Duration::from_secs(10))?.action, "create", "the first event");
    /// # Ok(()) }
    /// ```
    pub fn next(&mut self, limit: Duration) -> Outcome<Event> {
        Ok(self.take(limit)?.ok_or_else(|| not_come(&[], limit))?)
    }

    /// The events up to the first one that is looked for, with it.
    ///
    /// # Errors
    /// `FAIL` when it does not come within the limit; it shows those that came.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # fn phase(mut events: dockertest::engine::Events) -> Outcome {
    /// let seen = events.until(|event| event.action == "destroy", Duration::from_secs(10))?;
    /// # let _ = seen;
    /// # Ok(()) }
    /// ```
    pub fn until(&mut self, mut is_looked_for: impl FnMut(&Event) -> bool, limit: Duration) -> Outcome<Vec<Event>> {
        let deadline = Instant::now() + limit;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(event) = self.take(left)? else { return Err(not_come(&seen, limit).into()) };
            let is_last = is_looked_for(&event);
            seen.push(event);
            if is_last {
                return Ok(seen);
            }
        }
    }

    /// The next event if one comes within the limit.
    fn take(&mut self, limit: Duration) -> Result<Option<Event>, ApiFailure> {
        if let Some(event) = self.come.pop_front() {
            return Ok(Some(event));
        }
        let stream = &mut self.stream;
        let next = self.api.wait_within("GET /events", limit, async {
            match stream.next().await {
                Some(message) => message.map(|message| Some(message.into())),
                None => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
            }
        });
        match next {
            Err(ApiFailure::Slow { .. }) => Ok(None),
            next => next,
        }
    }
}

fn not_come(seen: &[Event], limit: Duration) -> CheckFailed {
    let seen = seen.iter().map(Event::to_string).collect::<Vec<_>>().join("\n");
    let evidence = Evidence {
        command: Some("GET /events".to_owned()),
        expected: Some(format!("one more event within {} s", limit.as_secs_f64())),
        seen: Some(if seen.is_empty() { "none".to_owned() } else { seen }),
        ..Evidence::default()
    };
    CheckFailed::new("an event that is expected does not come", evidence)
}
