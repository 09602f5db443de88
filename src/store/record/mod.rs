//! A whole world as rows: read to be told elsewhere, and written again as they were read.

mod read;
mod write;

pub(crate) use read::{
    KeptInstance, certificates, computers, counters, functions, installations, instances,
    partitions, products, statuses, trees, usage_reports, users, worked_on,
};
pub(crate) use write::{
    KeptCertificate, NewInstallation, NewKept, insert_certificates, insert_installations,
    insert_instances, insert_usage, occupy, set_computer, set_parents, write_statuses,
};
