//! What the API tells little by little: the end of a container, its output.

use std::cell::Cell;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum};
use bollard::query_parameters as query;
use futures_util::StreamExt;

use crate::engine::api::containers::{LOOK_AGAIN, found, settled};
use crate::engine::api::{Api, ApiFailure};

/// How long podman may clean up after a container (measured: less than 0.1 s) before that is not waited for any more.
const CLEAN_UP: Duration = Duration::from_secs(10);

/// What a container has to do for a [wait](Api::wait) to end.
///
/// ```
/// use dockertest::engine::Condition;
/// assert_ne!(Condition::NotRunning, Condition::Removed);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// Not to run; one that was never started does not run.
    NotRunning,
    /// To end after this moment.
    NextExit,
    /// To be removed.
    Removed,
}

impl Condition {
    fn word(self) -> &'static str {
        match self {
            Condition::NotRunning => "not-running",
            Condition::NextExit => "next-exit",
            Condition::Removed => "removed",
        }
    }
}

/// What a container wrote.
///
/// ```
/// use dockertest::engine::Logs;
///
/// let mut logs = Logs::default(); // what `Api::logs` gives is filled in
/// logs.stdout = b"READY\n".to_vec();
/// assert_eq!(logs.stdout_text(), "READY\n");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Logs {
    /// To standard output, or, with a terminal, to that.
    pub stdout: Vec<u8>,
    /// To standard error.
    pub stderr: Vec<u8>,
}

impl Logs {
    /// Standard output as text; bytes that are no UTF-8 are replaced.
    ///
    /// ```
    /// use dockertest::engine::Logs;
    /// let mut logs = Logs::default();
    /// logs.stdout = vec![b'a', 0xff];
    /// assert_eq!(logs.stdout_text(), "a\u{fffd}");
    /// ```
    #[must_use]
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; bytes that are no UTF-8 are replaced.
    ///
    /// ```
    /// use dockertest::engine::Logs;
    /// assert_eq!(Logs::default().stderr_text(), "");
    /// ```
    #[must_use]
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    pub(super) fn add(&mut self, part: LogOutput) {
        match part {
            LogOutput::StdErr { message } => self.stderr.extend_from_slice(&message),
            LogOutput::StdOut { message } | LogOutput::Console { message } => self.stdout.extend_from_slice(&message),
            LogOutput::StdIn { .. } => {}
        }
    }
}

/// Whether podman has to clean up after it. With the driver `overlay` it names the folder where a container is mounted for as
/// long as it is, in every version, whereas the state that it has of its own (`stopped`) is `exited` for this API from 5.6 on.
pub(super) fn is_left_mounted(container: &ContainerInspectResponse) -> bool {
    let state = container.state.as_ref().and_then(|state| state.status);
    let driver = container.graph_driver.as_ref();
    state == Some(ContainerStateStatusEnum::EXITED)
        && driver.is_some_and(|driver| driver.data.contains_key("MergedDir"))
}

impl Api {
    /// Waits for a container and gives its exit status. After one that has ended podman has to clean up; that is waited for,
    /// too, for up to ten seconds more.
    ///
    /// # Errors
    /// When it does not come to that within the limit, or there is no such container, or podman never answers to whether it
    /// has cleaned up.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # use dockertest::engine::Condition;
    /// # fn phase(ctx: &mut Context, id: &str) -> Outcome {
    /// let status = ctx.api()?.wait(id, Condition::NotRunning, Duration::from_secs(10))?;
    /// check_eq!(status, 0, "the container's exit status");
    /// # Ok(()) }
    /// ```
    pub fn wait(&self, id: &str, condition: Condition, limit: Duration) -> Result<i64, ApiFailure> {
        let options = query::WaitContainerOptions { condition: condition.word().to_owned() };
        let client = self.client_within(limit);
        let status =
            self.wait_within(&format!("POST /containers/{id}/wait?condition={}", condition.word()), limit, async {
                match client.wait_container(id, Some(options)).next().await {
                    Some(Ok(ended)) => Ok(ended.status_code),
                    // The client takes a status that is not 0 for a failure.
                    Some(Err(Error::DockerContainerWaitError { error, code })) if error.is_empty() => Ok(code),
                    Some(Err(error)) => Err(error),
                    None => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
                }
            })?;
        if condition != Condition::Removed && self.is_podman()? {
            self.until_cleaned_up(id, CLEAN_UP)?;
        }
        Ok(status)
    }

    /// Podman says that a container has ended before it has cleaned up after it, and what is copied out of it meanwhile may be
    /// nothing, for it is about to be unmounted.
    fn until_cleaned_up(&self, id: &str, limit: Duration) -> Result<(), ApiFailure> {
        let (client, has_answered) = (self.client_within(limit), Cell::new(false));
        let inspect = || async {
            let answer = client.inspect_container(id, None).await;
            has_answered.set(true);
            answer
        };
        let seen = self.ask_within(&format!("GET /containers/{id}/json"), limit, async {
            while is_left_mounted(&settled(inspect).await?) {
                // Nobody tells when it is over.
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(())
        });
        match seen {
            // It has ended all the same. Podman does not clean up after a container in which it still runs a command, and what
            // somebody else has mounted stays so.
            Err(ApiFailure::Slow { .. }) if has_answered.get() => Ok(()),
            seen => found(seen).map(drop),
        }
    }

    /// What a container has written so far.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, id: &str) -> Outcome {
    /// check_eq!(ctx.api()?.logs(id)?.stdout_text(), "hello\n", "what the container wrote");
    /// # Ok(()) }
    /// ```
    pub fn logs(&self, id: &str) -> Result<Logs, ApiFailure> {
        let request = format!("GET /containers/{id}/logs");
        let mut stream = Box::pin(self.docker.logs(id, Some(log_options(false))));
        self.ask(request, async {
            let mut logs = Logs::default();
            while let Some(part) = stream.next().await {
                logs.add(part?);
            }
            Ok(logs)
        })
    }

    /// Waits until what a container has written is enough, and gives it. Ends early when the container does, and at the
    /// limit: then it is given as it is.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context, id: &str) -> Outcome {
    /// let is_ready = |logs: &dockertest::engine::Logs| logs.stdout_text().contains("READY");
    /// let seen = ctx.api()?.logs_when(id, is_ready, Duration::from_secs(60))?;
    /// check!(seen.stdout_text().contains("READY"), "the container says that it is ready");
    /// # Ok(()) }
    /// ```
    pub fn logs_when(&self, id: &str, is_enough: impl Fn(&Logs) -> bool, limit: Duration) -> Result<Logs, ApiFailure> {
        let client = self.client_within(limit);
        let mut stream = Box::pin(client.logs(id, Some(log_options(true))));
        let mut logs = Logs::default();
        let ended = self.wait_within(&format!("GET /containers/{id}/logs?follow=1"), limit, async {
            while let Some(part) = stream.next().await {
                logs.add(part?);
                if is_enough(&logs) {
                    break;
                }
            }
            Ok(())
        });
        match ended {
            Ok(()) | Err(ApiFailure::Slow { .. }) => Ok(logs),
            Err(failure) => Err(failure),
        }
    }
}

fn log_options(follow: bool) -> query::LogsOptions {
    query::LogsOptions { follow, stdout: true, stderr: true, tail: "all".to_owned(), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::engine::api::fake::{Answer, FakeEngine};

    const LIMIT: Duration = Duration::from_secs(5);

    const ENDED: Answer = ("200 OK", r#"{"StatusCode":3}"#);
    const GONE: Answer = ("404 Not Found", r#"{"message":"no such container"}"#);
    const REFUSED: Answer = ("500 Internal Server Error", r#"{"message":"database is locked"}"#);
    /// Before and after the clean-up, as podman says it before 5.6, and from then on.
    const STOPPED: Answer = ("200 OK", r#"{"State":{"Status":"stopped"}}"#);
    const MOUNTED: Answer = (
        "200 OK",
        r#"{"State":{"Status":"exited"},"GraphDriver":{"Name":"overlay","Data":{"MergedDir":"/m","UpperDir":"/u"}}}"#,
    );
    const OVER: Answer =
        ("200 OK", r#"{"State":{"Status":"exited"},"GraphDriver":{"Name":"overlay","Data":{"UpperDir":"/u"}}}"#);
    const AGAIN: Answer = (
        "200 OK",
        r#"{"State":{"Status":"running"},"GraphDriver":{"Name":"overlay","Data":{"MergedDir":"/m","UpperDir":"/u"}}}"#,
    );

    fn says(answers: &'static [Answer]) -> impl FnMut(&str) -> Option<Answer> + Send + 'static {
        let mut next = answers.iter().copied();
        move |_| next.next()
    }

    fn asked(engine: &FakeEngine) -> Vec<String> {
        let path = |request: String| request.rsplit_once("/containers/one/").map(|(_, path)| path.to_owned());
        engine.asked.try_iter().filter_map(path).collect()
    }

    #[rstest]
    #[case::at_once(Condition::NotRunning, &[ENDED, OVER])]
    #[case::before_5_6(Condition::NotRunning, &[ENDED, STOPPED, STOPPED, OVER])]
    #[case::from_5_6_on(Condition::NotRunning, &[ENDED, MOUNTED, MOUNTED, OVER])]
    #[case::at_its_next_end(Condition::NextExit, &[ENDED, MOUNTED, OVER])]
    #[case::started_again(Condition::NextExit, &[ENDED, AGAIN])]
    #[case::removed_at_its_end(Condition::NotRunning, &[ENDED, MOUNTED, GONE])]
    #[case::nothing_is_left_to_ask_about(Condition::Removed, &[ENDED])]
    fn a_wait_is_over_once_podman_has_cleaned_up(#[case] condition: Condition, #[case] answers: &'static [Answer]) {
        let engine = FakeEngine::podman(says(answers));
        let api = Api::connect(&engine.address, LIMIT).unwrap();
        assert_eq!(api.wait("one", condition, LIMIT).unwrap(), 3);
        let mut expected = vec![format!("wait?condition={}", condition.word())];
        expected.resize(answers.len(), "json".to_owned());
        assert_eq!(asked(&engine), expected);
    }

    #[test]
    fn docker_has_cleaned_up_when_it_says_that_a_container_has_ended() {
        let engine = FakeEngine::new(says(&[ENDED]));
        let api = Api::connect(&engine.address, LIMIT).unwrap();
        assert_eq!(api.wait("one", Condition::NotRunning, LIMIT).unwrap(), 3);
        assert_eq!(asked(&engine), ["wait?condition=not-running"]);
    }

    #[rstest]
    #[case::before_5_6(STOPPED)]
    #[case::from_5_6_on(MOUNTED)]
    fn a_container_that_podman_does_not_clean_up_after_has_ended_too(#[case] answer: Answer) {
        let engine = FakeEngine::podman(move |_| Some(answer));
        let api = Api::connect(&engine.address, LIMIT).unwrap();
        api.until_cleaned_up("one", Duration::from_secs(1)).unwrap();
        assert!(asked(&engine).len() > 1);
    }

    #[test]
    fn podman_that_never_answers_is_told() {
        let engine = FakeEngine::podman(|_| None);
        // The limit of other requests is nothing to it.
        let api = Api::connect(&engine.address, Duration::from_millis(500)).unwrap();
        let failure = api.until_cleaned_up("one", Duration::from_secs(1)).unwrap_err();
        assert!(matches!(failure, ApiFailure::Slow { .. }), "{failure:?}");
        assert_eq!(asked(&engine), ["json"]);
    }

    #[test]
    fn what_podman_refuses_is_told() {
        let engine = FakeEngine::podman(says(&[ENDED, REFUSED]));
        let api = Api::connect(&engine.address, LIMIT).unwrap();
        let failure = api.wait("one", Condition::NotRunning, LIMIT).unwrap_err();
        assert!(matches!(failure, ApiFailure::Refused { status: 500, .. }), "{failure:?}");
    }
}
