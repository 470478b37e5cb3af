//! What the first process of an engine's namespaces can be told.

/// What is said of an order that has been carried out. Anything else says why it has not.
pub(crate) const DONE: &str = "done";

/// What to do with the engine; a word on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Start it again.
    Start,
    /// Terminate it, and wait until it has ended.
    Stop,
    /// Have it read its configuration again.
    Reload,
}

impl Order {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Order::Start => "start",
            Order::Stop => "stop",
            Order::Reload => "reload",
        }
    }

    pub(crate) fn of_word(word: impl AsRef<str>) -> Option<Self> {
        [Order::Start, Order::Stop, Order::Reload].into_iter().find(|order| order.word() == word.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_understood_as_it_is_given() {
        for order in [Order::Start, Order::Stop, Order::Reload] {
            assert_eq!(Order::of_word(order.word()), Some(order));
        }
        assert_eq!(Order::of_word("dance"), None);
    }
}
