//! Reports over gRPC: parse, call, encode.

use contract::analytics::v1::{self as pb, Period, published_reports_server, reports_server, trend::Measure};
use foundation::{Refusal, uuid::Uuid};
use tonic::{Request, Response, Status};

use super::{
    Ask, Report, Reports,
    rules::{Row, Total, periods, until},
};
use crate::cells::{rows::Model as Cell, rules::CLASSES};

#[derive(Clone)]
pub struct Rpc(pub Reports);

#[tonic::async_trait]
impl reports_server::Reports for Rpc {
    async fn get_time_in_lessons(&self, request: Request<pb::ReportRequest>) -> Result<Response<pb::Report>, Status> {
        self.report(Measure::TimeInLessons, request).await
    }

    async fn get_popular_topics(&self, request: Request<pb::ReportRequest>) -> Result<Response<pb::Report>, Status> {
        self.report(Measure::PopularTopics, request).await
    }

    async fn get_returns(&self, request: Request<pb::ReportRequest>) -> Result<Response<pb::Report>, Status> {
        self.report(Measure::Returns, request).await
    }

    async fn get_trends(&self, request: Request<pb::ReportRequest>) -> Result<Response<pb::Trends>, Status> {
        self.trends(request).await
    }
}

/// For other teams: what an analyst sees of the trends.
#[tonic::async_trait]
impl published_reports_server::PublishedReports for Rpc {
    async fn get_trends(&self, request: Request<pb::ReportRequest>) -> Result<Response<pb::Trends>, Status> {
        self.trends(request).await
    }
}

impl Rpc {
    async fn trends(&self, request: Request<pb::ReportRequest>) -> Result<Response<pb::Trends>, Status> {
        let ask = parse(request.into_inner())?;
        let trends = self.0.trends(&ask).await?.into_iter().map(encode_trend).collect();
        Ok(Response::new(pb::Trends { period: ask.period.into(), trends }))
    }

    async fn report(&self, measure: Measure, request: Request<pb::ReportRequest>) -> Result<Response<pb::Report>, Status> {
        let ask = parse(request.into_inner())?;
        let Report { starts_on, rows, total } = self.0.report(measure, &ask).await?;
        Ok(Response::new(pb::Report {
            period: ask.period.into(),
            starts_on,
            rows: rows.into_iter().map(encode_row).collect(),
            learners: total.learners,
            hidden_cells: total.hidden,
        }))
    }
}

fn parse(ask: pb::ReportRequest) -> Result<Ask, Refusal> {
    let period = match Period::try_from(ask.period) {
        Ok(Period::Unspecified) => Period::Week,
        Ok(period) => period,
        Err(_) => return Err(Refusal::invalid("UNKNOWN_PERIOD", "period", "ask for DAY or WEEK")),
    };
    let course = match ask.course_id.as_str() {
        "" => None,
        id => Some(Uuid::parse_str(id).map_err(|_| {
            Refusal::invalid("INVALID_IDENTIFIER", "course_id", "this is not an identifier; send it as it was given to you")
        })?),
    };
    Ok(Ask { period, periods: periods(ask.periods)?, until: until(&ask.until)?, course })
}

fn encode_row(row: Row) -> pb::Row {
    let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    pb::Row {
        course_id: text(row.topic.course),
        module_id: text(row.topic.module),
        lesson_id: text(row.topic.lesson),
        cells: row.cells.into_iter().map(encode_cell).collect(),
        learners: row.total.learners,
        hidden_cells: row.total.hidden,
    }
}

fn encode_cell(cell: Cell) -> pb::Cell {
    let from = cell.minutes.and_then(|minutes| u32::try_from(minutes).ok());
    pb::Cell {
        starts_on: cell.starts_on,
        minutes_from: from,
        minutes_below: from.and_then(|from| CLASSES.into_iter().find(|start| *start > from)),
        hidden: cell.learners.is_none(),
        learners: cell.learners,
    }
}

fn encode_trend((measure, points): (Measure, Vec<(String, Total)>)) -> pb::Trend {
    pb::Trend { measure: measure.into(), points: points.into_iter().map(encode_point).collect() }
}

fn encode_point((starts_on, total): (String, Total)) -> pb::Point {
    pb::Point { starts_on, learners: total.learners, visible_cells: total.visible, hidden_cells: total.hidden }
}
