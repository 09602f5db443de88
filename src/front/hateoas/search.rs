//! `mode=search`: rows of documents.

use axum::response::Response;
use serde_json::{Value, json};

use crate::{
    domain::{
        search::{Direction, Extent, Order, SortField},
        text::InvalidValue,
    },
    front::form::Form,
    master::{Query, WithNews},
};

use super::{
    Call,
    accept::HAL,
    column::{self, Column},
    document,
    error::HateoasError,
    links, query,
};

/// How many rows there are where no limit is asked for, as in production.
const USUAL_COUNT: usize = 10;

/// `GET …?mode=search`: the documents that a query means and the caller may see, with the columns
/// that were selected.
///
/// Quirk: what cannot be parsed is refused, where production looks for its words. Source:
/// `hateoas.md` A.4.
pub(super) async fn search(call: &Call) -> Result<Response, HateoasError> {
    let form = &call.query;
    let text = query::in_present_words(form.optional("query")?.unwrap_or_default());
    let search = match query::read(&text) {
        Ok(search) => search,
        Err(error) => return Err(HateoasError::Query { query: text, error }),
    };
    let selected = selected(form);
    let news = selected.iter().filter_map(|name| Column::named(name));
    let query = Query {
        search,
        order: order(form)?,
        extent: extent(form)?,
        news: if news.into_iter().any(Column::is_news) {
            WithNews::Yes
        } else {
            WithNews::No
        },
    };
    let found = call.master.search(&call.caller, &query).await?;
    let rows: Vec<Value> = found
        .iter()
        .map(|row| column::row(row, &selected))
        .collect();
    let links = links(&call.mode_url(None));
    Ok(document(
        HAL,
        &json!({
            "_debug": "search",
            "_links": links,
            "_query": text,
            "_select_list": received(form, "select_list").map(|_| &selected),
            "_limit": received(form, "limit"),
            "_sort_on": received(form, "sort_on"),
            "_group_by": received(form, "group_by"),
            "_local_roles": received(form, "local_roles"),
            "_selection_domain": received(form, "selection_domain"),
            "_embedded": { "contents": rows },
        }),
    ))
}

/// A parameter as it was sent: one text, or several.
fn received(form: &Form, name: &str) -> Option<Value> {
    let values: Vec<&str> = form.every(name).collect();
    match values.as_slice() {
        [] => None,
        [value] => Some((*value).into()),
        _ => Some(values.into()),
    }
}

/// The columns: repeated, or joined by commas, which stand in no name.
fn selected(form: &Form) -> Vec<&str> {
    form.every("select_list")
        .flat_map(|names| names.split(','))
        .filter(|name| !name.is_empty())
        .collect()
}

/// The limit: how many, or from where and how many; repeated, or joined by commas.
fn extent(form: &Form) -> Result<Extent, InvalidValue> {
    let mut values = Vec::new();
    for text in form.every("limit").flat_map(|values| values.split(',')) {
        // A sign would be read too.
        let value = text.parse().ok();
        let value = value.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        values.push(value.ok_or_else(|| {
            let reason = format!("`{text}` is not a number of rows, such as `40`");
            InvalidValue::new("limit", reason)
        })?);
    }
    match values.as_slice() {
        [] => Ok(Extent {
            start: 0,
            count: USUAL_COUNT,
        }),
        [count] => Ok(Extent {
            start: 0,
            count: *count,
        }),
        [start, count] => Ok(Extent {
            start: *start,
            count: *count,
        }),
        more => {
            let reason = format!("has {} values, one or two were expected", more.len());
            Err(InvalidValue::new("limit", reason))
        }
    }
}

/// The order: JSON lists of a column and a direction, the most important first.
fn order(form: &Form) -> Result<Order, InvalidValue> {
    let orders: Result<Vec<_>, _> = form.every("sort_on").map(one_order).collect();
    orders.map(Order)
}

fn one_order(text: &str) -> Result<(SortField, Direction), InvalidValue> {
    let refused = |reason: String| Err(InvalidValue::new("sort_on", reason));
    let (name, direction): (String, String) = match serde_json::from_str(text) {
        Ok(pair) => pair,
        Err(error) => {
            return refused(format!(
                "a JSON list such as `[\"title\", \"ascending\"]` was expected: {error}"
            ));
        }
    };
    let Some(field) = Column::named(&name).and_then(Column::sort_field) else {
        return refused(format!("there is no column `{name}` to sort by"));
    };
    let descending = ["desc", "descending", "reverse"]
        .iter()
        .any(|word| direction.eq_ignore_ascii_case(word));
    let direction = if descending {
        Direction::Descending
    } else {
        Direction::Ascending
    };
    Ok((field, direction))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(query: &str) -> Form {
        Form::of_query(Some(query)).unwrap()
    }

    #[test]
    fn a_limit_is_one_number_or_two() {
        let check = |query: &str, start, count| {
            assert_eq!(extent(&form(query)), Ok(Extent { start, count }), "{query}");
        };
        check("", 0, 10);
        check("limit=40", 0, 40);
        check("limit=0&limit=300", 0, 300);
        check("limit=5,7", 5, 7);
        check("limit=0", 0, 0);
        check("limit=18446744073709551615", 0, usize::MAX);
        let refused = |query: &str, expected: &str| {
            let error = extent(&form(query)).unwrap_err();
            assert_eq!(error.to_string(), format!("`limit`: {expected}"));
        };
        for text in ["", "-1", "%2B1", "x", "1.5", "18446744073709551616"] {
            let shown = text.replace("%2B", "+");
            let expected = format!("`{shown}` is not a number of rows, such as `40`");
            refused(&format!("limit={text}"), &expected);
        }
        refused("limit=1,2,3", "has 3 values, one or two were expected");
    }

    #[test]
    fn columns_are_repeated_or_joined() {
        let check = |query: &str, expected: &[&str]| assert_eq!(selected(&form(query)), expected);
        check("", &[]);
        check("select_list=", &[]);
        check("select_list=a&select_list=b,c", &["a", "b", "c"]);
        check("select_list=a%2Cb", &["a", "b"]);
    }

    #[test]
    fn an_order_is_a_column_and_a_direction() {
        use Direction::{Ascending, Descending};
        let title = SortField::Text(crate::domain::search::TextField::Title);
        let check = |text: &str, direction| {
            assert_eq!(one_order(text), Ok((title, direction)), "{text}");
        };
        check(r#"["title","descending"]"#, Descending);
        check(r#"["title", "DESC"]"#, Descending);
        check(r#"["title","Reverse"]"#, Descending);
        check(r#"["title","ascending"]"#, Ascending);
        check(r#"["title","x"]"#, Ascending);
        for text in ["", "title", r#"["title"]"#, r#"["title","a","b"]"#, "[1,2]"] {
            let reason = one_order(text).unwrap_err().to_string();
            assert!(
                reason.starts_with("`sort_on`: a JSON list such as"),
                "{reason}"
            );
        }
        for name in ["titel", "text_content"] {
            let error = one_order(&format!(r#"["{name}","x"]"#)).unwrap_err();
            let expected = format!("`sort_on`: there is no column `{name}` to sort by");
            assert_eq!(error.to_string(), expected);
        }
    }
}
