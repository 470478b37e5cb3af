//! The promise that what a step makes is removed.

use std::rc::Rc;
use std::time::Duration;

use crate::engine::api::Condition;
use crate::engine::objects::label;
use crate::engine::objects::ledger::{Entry, Object, now};
use crate::engine::objects::sweep::remove_labelled;
use crate::engine::podman::Service;
use crate::engine::{Api, ApiFailure, ImageName};
use crate::subtest::{Context, Outcome};

/// How long the engine may take to finish a removal that somebody else began.
const REMOVAL_LIMIT: Duration = Duration::from_secs(30);

impl Context {
    /// A name for a container that nothing else has, and the promise that whatever bears it is removed after the step.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let (name, image) = (ctx.container_name("test"), ctx.image()?); // of `docker_cli/kill`: test-kill-5f3a09c1
    /// ctx.docker(["create", "--name", &name, &image]).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn container_name(&mut self, prefix: &str) -> String {
        self.promised_name(prefix, Object::Container)
    }

    /// A name for an image that nothing else has, without a tag, and the promise that all tags of it are removed after
    /// the step.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let (image, name) = (ctx.image()?, ctx.image_name("test"));
    /// ctx.docker(["tag", &image, &format!("{name}:one")]).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn image_name(&mut self, prefix: &str) -> String {
        self.promised_name(prefix, Object::Image)
    }

    /// A name for a volume that nothing else has, and the promise that it is removed after the step.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let name = ctx.volume_name("test");
    /// ctx.docker(["volume", "create", &name]).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn volume_name(&mut self, prefix: &str) -> String {
        self.promised_name(prefix, Object::Volume)
    }

    /// A name for a network that nothing else has, and the promise that it is removed after the step.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let name = ctx.network_name("test");
    /// ctx.docker(["network", "create", &name]).must_pass()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn network_name(&mut self, prefix: &str) -> String {
        self.promised_name(prefix, Object::Network)
    }

    /// The promise that something is removed after the step that came about otherwise, for example by an id that a
    /// command printed. It may exist already.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # use dockertest::engine::Object;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let image = ctx.image()?;
    /// let seen = ctx.docker(["create", &image]).must_pass()?;
    /// ctx.own(Object::Container(seen.stdout_text().trim().to_owned()));
    /// # Ok(()) }
    /// ```
    pub fn own(&mut self, object: Object) {
        self.promise(object, true);
    }

    fn promised_name(&mut self, prefix: &str, object: impl FnOnce(String) -> Object) -> String {
        let name = self.unique_name(prefix);
        self.promise(object(name.clone()), false);
        name
    }

    fn promise(&mut self, object: Object, exists: bool) {
        if !self.removes_after_test() || self.preserves(&object) {
            return;
        }
        let engine = self.engine_address();
        let entry = Entry { object, engine, since: now(), exists, removed: false };
        if let Err(error) = self.shared().objects.ledger.add(&entry) {
            let object = &entry.object;
            self.error(format!("{object} cannot be noted, and stays if this process is killed: {error}"));
        }
        let (what, remover) = (format!("remove {}", entry.object), self.remover());
        self.defer(what, move || remover.remove(&entry));
    }

    /// Whether what the step makes is removed: `remove_after_test`, which older configurations call
    /// `try_remove_after_test`. Only who [defers](Self::defer) a removal of its own needs to ask.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// if ctx.removes_after_test() {
    ///     ctx.defer("remove what was loaded", || Ok(())); // …
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn removes_after_test(&self) -> bool {
        let flag = |name| self.section().flag(name).ok().flatten();
        flag("try_remove_after_test").or_else(|| flag("remove_after_test")).unwrap_or(true)
    }

    /// Whether the configuration wants something to be left alone.
    pub(crate) fn preserves(&self, object: &Object) -> bool {
        let listed = |option: &str, name: &str| self.section().list(option).iter().any(|listed| listed == name);
        match object {
            Object::Container(name) => listed("preserve_cnames", name),
            Object::Image(name) => listed("preserve_fqins", name) || *name == self.test_image_name(),
            Object::Volume(_) | Object::Network(_) => false,
        }
    }

    fn remover(&self) -> Remover {
        // A context without guards of its own, for what comes after this one's end.
        Remover { ctx: self.without_guards() }
    }
}

/// Removes everything of this step that is left: of the ledger, last one first, and what bears the step's labels. For
/// the process that cleans up after another one, which had the guards.
pub(crate) fn remove_left_over(ctx: &Context) -> Outcome {
    let remover = ctx.remover();
    let mut first = Ok(());
    let left = ctx.shared().objects.ledger.left()?;
    for entry in left {
        ctx.debug(format!("clean-up: remove {}", entry.object));
        first = first.and(remover.remove(&entry));
    }
    if ctx.shared().request.engine.is_some() {
        first = first.and(remove_of_step(ctx));
    }
    first
}

/// Removes what bears the labels of this step, but is not in its ledger: the ledger is not waited for to be on the disk.
fn remove_of_step(ctx: &Context) -> Outcome {
    let request = &ctx.shared().request;
    let labels = [format!("{}={}", label::RUN, request.run), format!("{}={}", label::STEP, request.step)];
    let (removed, left) = remove_labelled(&*ctx.api()?, &labels, &|object, labels| {
        let is = |name, value: &String| labels.get(name) == Some(value);
        is(label::RUN, &request.run) && is(label::STEP, &request.step) && !ctx.preserves(object)
    })?;
    for object in removed {
        ctx.debug(format!("clean-up: removed {object} by its labels"));
    }
    for problem in left {
        ctx.warning(problem);
    }
    Ok(())
}

/// Removes objects of a step.
struct Remover {
    ctx: Context,
}

impl Remover {
    /// Removes what the entry is about, if it is there and ours, and notes that.
    fn remove(&self, entry: &Entry) -> Outcome {
        if self.ctx.preserves(&entry.object) {
            return Ok(());
        }
        let Some(api) = self.engine_of(entry)? else { return Ok(()) };
        match &entry.object {
            Object::Container(name) => self.container(&api, name, entry)?,
            Object::Image(name) => self.image(&api, name)?,
            Object::Volume(name) => self.volume(&api, name, entry)?,
            Object::Network(name) => self.network(&api, name, entry)?,
        }
        Ok(self.ctx.shared().objects.ledger.add(&Entry { removed: true, ..entry.clone() })?)
    }

    /// The engine that the entry is of; nothing if it is another one than that of this step and does not answer. Then the
    /// entry stays as it is: that this step's engine does not have the object says nothing.
    fn engine_of(&self, entry: &Entry) -> Outcome<Option<Rc<Api>>> {
        let own = self.ctx.engine_address();
        match self.ctx.api_at(&entry.engine) {
            Ok(api) => Ok(Some(api)),
            Err(failure) if entry.engine == own => Err(failure),
            // Its service ended with the process that made the object, and there is a new one.
            Err(_) if Service::is_address(&entry.engine) && Service::is_address(&own) => Ok(Some(self.ctx.api()?)),
            Err(failure) => {
                self.ctx.warning(format!("{} is not removed: {}", entry.object, failure.reason()));
                Ok(None)
            }
        }
    }

    fn container(&self, api: &Rc<Api>, name: &str, entry: &Entry) -> Outcome {
        let Some(found) = api.container(name)? else { return Ok(()) };
        let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
        let run = labels.get(label::RUN).map(String::as_str);
        if !self.is_ours(entry, run, found.created.as_deref()) {
            return Ok(());
        }
        let id = found.id.as_deref().unwrap_or(name);
        let runs = found.state.and_then(|state| state.running).unwrap_or(false);
        Ok(remove_container(api, id, runs)?)
    }

    fn image(&self, api: &Rc<Api>, name: &str) -> Outcome {
        let is_whole =
            name.starts_with("sha256:") || name.rsplit('/').next().is_some_and(|last| last.contains([':', '@']));
        let names = if is_whole {
            vec![name.to_owned()]
        } else {
            let listed = api.images()?.into_iter().flat_map(|image| image.repo_tags);
            listed.filter(|listed| ImageName::parse(listed).is_ok_and(|listed| listed.is_local_name_of(name))).collect()
        };
        for name in names {
            match api.remove_image(&name, false) {
                Ok(_) => {}
                // It has other names, or somebody uses it: then it is not only ours.
                Err(ApiFailure::Refused { status: 409, message, .. }) => {
                    self.ctx.warning(format!("image {name} stays: {message}"));
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(())
    }

    fn volume(&self, api: &Rc<Api>, name: &str, entry: &Entry) -> Outcome {
        let Some(found) = api.volume(name)? else { return Ok(()) };
        let run = found.labels.get(label::RUN).map(String::as_str);
        if self.is_ours(entry, run, found.created_at.as_deref()) {
            api.remove_volume(name)?;
        }
        Ok(())
    }

    fn network(&self, api: &Rc<Api>, name: &str, entry: &Entry) -> Outcome {
        let Some(found) = api.network(name)? else { return Ok(()) };
        let labels = found.labels.unwrap_or_default();
        let run = labels.get(label::RUN).map(String::as_str);
        if self.is_ours(entry, run, found.created.as_deref()) {
            api.remove_network(name)?;
        }
        Ok(())
    }

    /// Whether something of this name is what the entry is about: not of another run, and not older than the promise.
    fn is_ours(&self, entry: &Entry, run: Option<&str>, created: Option<&str>) -> bool {
        let is_other_run = run.is_some_and(|run| run != self.ctx.shared().request.run);
        let is_older = !entry.exists
            && created.and_then(|created| created.parse::<jiff::Timestamp>().ok()).is_some_and(|created| {
                // Some engines tell whole seconds.
                u64::try_from(created.as_second()).is_ok_and(|created| created + 1 < entry.since)
            });
        if is_other_run || is_older {
            self.ctx.warning(format!("{} is not of this run, and stays", entry.object));
        }
        !is_other_run && !is_older
    }
}

/// Removes a container at once, with its anonymous volumes.
pub(crate) fn remove_container(api: &Api, id: &str, runs: bool) -> Result<(), ApiFailure> {
    if runs {
        // Some engines ask it to end first, and wait. If this fails, the removal will tell.
        let _ = api.kill(id, "KILL");
    }
    match api.remove(id) {
        Ok(_) => Ok(()),
        Err(ApiFailure::Refused { status: 409, message, .. }) if message.contains("already in progress") => {
            match api.wait(id, Condition::Removed, REMOVAL_LIMIT) {
                Ok(_) => Ok(()),
                Err(failure) if failure.is_missing() => Ok(()),
                Err(failure) => Err(failure),
            }
        }
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::api::fake::FakeEngine;
    use crate::engine::objects::ledger::Ledger;
    use crate::host::protocol::{HostMessage, Mode};
    use crate::subtest::Subtest;
    use crate::subtest::testing::{request, run, section};

    use super::*;

    struct Nothing;

    impl Subtest for Nothing {
        fn run_once(&mut self, _: &mut Context) -> Outcome {
            unreachable!("only cleans up")
        }
    }

    /// What is left in the ledger after a clean-up by a step of this engine, of an object that was made in that one; and
    /// all that was said.
    fn left_of(object: Object, made_in: &str, own: &str) -> (usize, String) {
        let folder = tempfile::tempdir().unwrap();
        let mut request = request("objects", folder.path());
        request.section = section("objects", &[("docker_options", &format!("-H {own}"))]);
        request.mode = Mode::Cleanup { reason: "killed".to_owned() };
        let ledger = Ledger::in_folder(&request.folders.output);
        let engine = made_in.to_owned();
        ledger.add(&Entry { object, engine, since: now(), exists: false, removed: false }).unwrap();
        let (_, heard): (_, Vec<HostMessage>) = run(&mut Nothing, request);
        (ledger.left().unwrap().len(), format!("{heard:?}"))
    }

    #[test]
    fn what_was_made_in_an_engine_that_does_not_answer_stays_noted() {
        let own = FakeEngine::new(|_| Some(("404 Not Found", r#"{"message":"No such container: made"}"#)));
        let made = Object::Container("made".to_owned());
        let (left, said) = left_of(made.clone(), "unix:///no/such/engine.sock", &own.address);
        assert_eq!(left, 1, "{said}");
        let told = "container made is not removed: no engine answers at `unix:///no/such/engine.sock`";
        assert!(said.contains(told), "{said}");
        assert_eq!(own.asked.try_iter().collect::<Vec<_>>(), Vec::<String>::new(), "another engine was asked");
        let (left, said) = left_of(made, &own.address, &own.address);
        assert_eq!(left, 0, "its own engine knows that it is gone: {said}");
    }

    #[test]
    fn an_image_goes_by_all_names_that_an_engine_may_give_it() {
        let own = FakeEngine::new(|request| {
            let images = r#"[{"Id":"sha256:1","ParentId":"","RepoDigests":[],"Created":1,"Size":1,"SharedSize":-1,"Labels":{},
                "Containers":-1,"RepoTags":["made:1","localhost/made:2","docker.io/library/made:3","quay.io/made:4","made2:5"]}]"#;
            Some(("200 OK", if request.starts_with("GET") { images } else { "[]" }))
        });
        let (left, said) = left_of(Object::Image("made".to_owned()), &own.address, &own.address);
        assert_eq!(left, 0, "{said}");
        let name = |request: String| {
            let path = request.strip_prefix("DELETE ")?.split('?').next()?;
            path.split_once("/images/").map(|(_, name)| name.to_owned())
        };
        let removed: Vec<String> = own.asked.try_iter().filter_map(name).collect();
        assert_eq!(removed, ["made:1", "localhost/made:2", "docker.io/library/made:3"], "{said}");
    }
}
