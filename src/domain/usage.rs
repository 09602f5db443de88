//! Usage reports: what a computer says that its instances consumed.

/// A usage report that was found valid (`semantics.md` 11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageReport {
    /// The reference of the report's first transaction; may be empty.
    pub transaction_reference: String,
    /// The report as it was sent.
    pub document: String,
}
