//! Room for the files of many worlds: each has three or more of them open.

use rustix::{
    io::fcntl_dupfd_cloexec,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

/// For how many open files the system makes room at once: those of a thousand worlds that are read.
/// Where its table has to grow later, whoever opens a file waits for tens of milliseconds.
const ROOM: i32 = 8192;

/// Lets the process have as many files open as it may, and makes room for those of the worlds.
///
/// To be called before there are threads. Whatever is refused stays as it is: a process without
/// worlds needs little.
pub(crate) fn make_room() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    let _ = setrlimit(Resource::Nofile, most);
    // The table never shrinks again.
    drop(fcntl_dupfd_cloexec(std::io::stderr(), ROOM - 1));
}
