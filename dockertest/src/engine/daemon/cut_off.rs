//! Takes an engine of our own down as soon as somebody wants to stop, whatever this process is waiting for then.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::host::{CancelLevel, CancelToken};

/// As long as this lives, a wish to stop closes the socket for orders, and with that all in the namespaces ends. Whoever
/// waits for the engine sees that it is gone, so none of these waits has to look for a wish to stop.
#[derive(Debug)]
pub(super) struct CutOff {
    over: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
}

impl CutOff {
    pub(super) fn new(orders: &UnixStream, cancel: &CancelToken) -> io::Result<CutOff> {
        let over = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC)?);
        let (orders, cancel, until) = (orders.try_clone()?, cancel.clone(), Arc::clone(&over));
        let thread = Builder::new().name("cut-off".to_owned()).spawn(move || {
            if is_cancelled_before(&cancel, &until) {
                // One that is closed already is as it should be.
                drop(orders.shutdown(Shutdown::Both));
            }
        })?;
        Ok(CutOff { over, thread: Some(thread) })
    }
}

impl Drop for CutOff {
    fn drop(&mut self) {
        let _ = self.over.write(1);
        // It holds the socket, too, whose end must be seen at the other end.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// Waits for a wish to stop; false when it is over before.
fn is_cancelled_before(cancel: &CancelToken, over: &EventFd) -> bool {
    let Some(wish) = cancel.above(CancelLevel::None) else { return true };
    loop {
        let mut looked_at = [PollFd::new(wish, PollFlags::POLLIN), PollFd::new(over.as_fd(), PollFlags::POLLIN)];
        match poll(&mut looked_at, PollTimeout::NONE) {
            Ok(_) => return looked_at[0].any().unwrap_or_default(),
            Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_wish_to_stop_closes_the_socket_and_its_end_leaves_it_open() {
        let cancel = CancelToken::new().unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        drop(CutOff::new(&ours, &cancel).unwrap());
        theirs.set_nonblocking(true).unwrap();
        assert_eq!(theirs.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        theirs.set_nonblocking(false).unwrap();
        let cut_off = CutOff::new(&ours, &cancel).unwrap();
        cancel.cancel("enough");
        assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
        drop(cut_off);
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let _late = CutOff::new(&ours, &cancel).unwrap();
        assert_eq!(theirs.read(&mut [0]).unwrap(), 0, "also one that came before");
    }
}
