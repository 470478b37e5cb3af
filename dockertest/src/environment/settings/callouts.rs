//! The user's commands for instances, as far as they fit together.

use super::failure::SettingsFailure;
use super::limits::CalloutLimits;
use super::options::{CALLOUTS, Options};
use super::section::EnvironmentSettings;

/// The user's commands for instances, as far as they fit together.
///
/// ```
/// use dockertest::config::{Layers, Source};
/// use dockertest::environment::EnvironmentSettings;
///
/// # let text = "[environment]\ninstance_provision = make-vms $INSTANCE_COUNT\ninstance_execute = in-vm $INSTANCE_ID -- $COMMAND\n\
/// #     instance_dispose = drop-vms $INSTANCE_IDS\n".to_owned();
/// # let layers = Layers::new().custom(Source::Memory(vec![("control.ini".to_owned(), text)]));
/// let settings = EnvironmentSettings::read(&layers.load()?, "/my/project".as_ref())?;
/// let callouts = settings.callouts()?;
/// assert_eq!(callouts.dispose.as_deref(), Some("drop-vms $INSTANCE_IDS"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Callouts {
    /// Makes instances; nothing if there is a fixed set of them.
    pub provision: Option<String>,
    /// Runs a command in an instance.
    pub execute: String,
    /// Takes instances down; nothing if they are kept.
    pub dispose: Option<String>,
    /// The fixed set of instances, if there is one.
    pub ids: Vec<String>,
    /// How long each may take.
    pub limits: CalloutLimits,
}

impl Callouts {
    /// The three callouts, with the usual limits.
    ///
    /// ```
    /// use dockertest::environment::Callouts;
    ///
    /// let callouts = Callouts::new("lab provision $INSTANCE_COUNT", "lab execute $INSTANCE_ID", "lab dispose $INSTANCE_IDS");
    /// assert!(callouts.ids.is_empty());
    /// ```
    pub fn new(provision: impl Into<String>, execute: impl Into<String>, dispose: impl Into<String>) -> Callouts {
        Callouts {
            provision: Some(provision.into()),
            execute: execute.into(),
            dispose: Some(dispose.into()),
            ids: Vec::new(),
            limits: CalloutLimits::default(),
        }
    }
}

impl EnvironmentSettings {
    /// The user's callouts.
    ///
    /// # Errors
    /// There are none, or only some of those that belong together.
    pub fn callouts(&self) -> Result<Callouts, SettingsFailure> {
        let Options { instance_provision, instance_execute, instance_dispose, instance_ids, instance_keep, .. } =
            &self.raw;
        let wrong = |option: &str, problem: &str| {
            Err(SettingsFailure::new(self.origin(option).cloned(), format!("`{option}` is set, but {problem}")))
        };
        let (provision, dispose) = (instance_provision.is_some(), instance_dispose.is_some());
        let fixed = !instance_ids.is_empty();
        let Some(execute) = instance_execute else {
            let is_set = |option: &&&str| self.origins.contains_key(**option) && self.value(option).is_some();
            if let Some(option) = CALLOUTS.iter().find(is_set) {
                return wrong(option, "not `instance_execute`: commands would run here, not in the instances");
            }
            if fixed {
                return wrong("instance_ids", "not `instance_execute`: nothing says how a command is run in them");
            }
            let problem = "the environment `callout` needs commands: set `instance_provision`, `instance_execute` and \
                           `instance_dispose` in `[environment]` of a control.ini below config_custom";
            return Err(SettingsFailure::new(None, problem));
        };
        match (provision, fixed) {
            (false, false) => {
                let problem = "nothing makes instances: set `instance_provision`, or `instance_ids` if there is a fixed \
                               set of them";
                return wrong("instance_execute", problem);
            }
            (true, true) => return wrong("instance_ids", "`instance_provision` is, too: leave out one of them"),
            _ => {}
        }
        match (dispose, *instance_keep, fixed) {
            (true, _, true) => {
                return wrong("instance_dispose", "the instances of `instance_ids` are not ours to remove");
            }
            (true, true, false) => return wrong("instance_keep", "`instance_dispose` is, too: leave out one of them"),
            (false, false, false) => {
                let problem = "nothing disposes of what it makes: set `instance_dispose`, or `instance_keep = yes` if \
                               instances are to be left over";
                return wrong("instance_provision", problem);
            }
            _ => {}
        }
        Ok(Callouts {
            provision: instance_provision.clone(),
            execute: execute.clone(),
            dispose: instance_dispose.clone(),
            ids: instance_ids.clone(),
            limits: self.limits,
        })
    }

    fn value(&self, option: &str) -> Option<&str> {
        match option {
            "instance_provision" => self.raw.instance_provision.as_deref(),
            "instance_execute" => self.raw.instance_execute.as_deref(),
            _ => self.raw.instance_dispose.as_deref(),
        }
    }
}
