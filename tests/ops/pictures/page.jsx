// One dashboard, drawn by Grafana's own components from what Prometheus has answered.
// `window.recorded` is what record.py writes: {dashboards: {name: {dashboard, answers}}, start, end}.
import React from 'react';
import { createRoot } from 'react-dom/client';
import {
  createTheme, dateTime, FieldType, getDisplayProcessor, reduceField, ThemeContext, toDataFrame,
} from '@grafana/data';
import {
  BigValue, BigValueColorMode, BigValueGraphMode, BigValueJustifyMode, BigValueTextMode, GlobalStyles,
  PanelChrome, Table, TimeSeries,
} from '@grafana/ui';

const COLUMN = 56, ROW = 38, GAP = 8, MARGIN = 16;
const theme = createTheme({ colors: { mode: 'light' } });

const named = (legend, labels) =>
  legend
    ? legend.replace(/\{\{(.+?)\}\}/g, (_, label) => labels[label] ?? '')
    : Object.entries(labels).map(([k, v]) => `${k}="${v}"`).join(', ') || 'value';

function configured(field, panel, displayName) {
  const { custom = {}, ...defaults } = panel.fieldConfig.defaults;
  field.config = {
    ...defaults,
    displayName,
    custom: { drawStyle: 'line', lineInterpolation: 'linear', axisPlacement: 'auto', spanNulls: false, ...custom },
  };
  field.display = getDisplayProcessor({ field, theme });
  return field;
}

function series(panel, answers) {
  let index = 0;
  return answers.flatMap(({ legend, result }) =>
    result.map(({ metric, values }) => {
      const name = named(legend, metric);
      const frame = toDataFrame({
        name,
        fields: [
          { name: 'Time', type: FieldType.time, values: values.map(([at]) => at * 1000) },
          { name: 'Value', type: FieldType.number, labels: metric, values: values.map(([, v]) => Number(v)) },
        ],
      });
      const field = configured(frame.fields[1], panel, name);
      field.state = { seriesIndex: index++, displayName: name };
      return frame;
    })
  );
}

function rows(panel, answers) {
  const found = answers.flatMap(({ result }) => result);
  const labels = [...new Set(found.flatMap(({ metric }) => Object.keys(metric)))].filter((l) => l !== '__name__');
  const frame = toDataFrame({
    fields: [
      ...labels.map((name) => ({ name, type: FieldType.string, values: found.map(({ metric }) => metric[name] ?? '') })),
      { name: 'Value', type: FieldType.number, values: found.map(({ values }) => Number(values.at(-1)[1])) },
    ],
  });
  frame.fields.forEach((field) => {
    configured(field, panel);
    if (field.type === FieldType.string) field.display = (value) => ({ text: String(value), numeric: NaN });
  });
  return frame;
}

function Body({ panel, answers, width, height, range }) {
  if (answers.every(({ result }) => result.length === 0)) {
    return <div style={{ textAlign: 'center', paddingTop: height / 2 - 12 }}>{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
  }
  if (panel.type === 'table') {
    return <Table data={rows(panel, answers)} width={width} height={height} />;
  }
  const frames = series(panel, answers);
  if (panel.type === 'stat') {
    const field = frames[0].fields[1];
    const last = reduceField({ field, reducers: ['lastNotNull'] }).lastNotNull;
    return (
      <BigValue
        value={{ ...field.display(last), title: undefined }} width={width} height={height} theme={theme}
        colorMode={BigValueColorMode.Value} graphMode={BigValueGraphMode.Area} justifyMode={BigValueJustifyMode.Auto}
        textMode={BigValueTextMode.Value}
        sparkline={{ y: field, x: frames[0].fields[0], timeRange: range }}
      />
    );
  }
  const legend = { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] };
  return (
    <TimeSeries frames={frames} structureRev={1} width={width} height={height} timeRange={range} timeZone="utc" legend={legend} />
  );
}

function Picture({ dashboard, answers, start, end }) {
  const from = dateTime(start * 1000), to = dateTime(end * 1000);
  const range = { from, to, raw: { from, to } };
  const bottom = Math.max(...dashboard.panels.map(({ gridPos: g }) => g.y + g.h));
  return (
    <div id="picture" style={{ position: 'relative', width: 24 * COLUMN + 2 * MARGIN, height: bottom * ROW + 60 + MARGIN, background: theme.colors.background.canvas }}>
      <h3 style={{ margin: 0, padding: `14px ${MARGIN}px` }}>{dashboard.title}</h3>
      {dashboard.panels.map((panel) => {
        const g = panel.gridPos;
        const place = { position: 'absolute', left: MARGIN + g.x * COLUMN, top: 52 + g.y * ROW };
        if (panel.type === 'row') {
          return <div key={panel.id} style={{ ...place, paddingTop: 8, fontWeight: 500 }}>{panel.title}</div>;
        }
        const width = g.w * COLUMN - GAP, height = g.h * ROW - GAP;
        return (
          <div key={panel.id} style={{ ...place, width, height }}>
            <PanelChrome title={panel.title} width={width} height={height}>
              {(w, h) => <Body panel={panel} answers={answers[panel.id]} width={w} height={h} range={range} />}
            </PanelChrome>
          </div>
        );
      })}
    </div>
  );
}

const { dashboards, start, end } = window.recorded;
const shown = dashboards[new URLSearchParams(location.search).get('dashboard')];
createRoot(document.getElementById('root')).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <Picture {...shown} start={start} end={end} />
  </ThemeContext.Provider>
);
