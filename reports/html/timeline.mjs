// The live timeline: inlined into the page as a classic script after uPlot and timeline-paint.mjs, which it
// finds as globals. The page shows
// the static picture until this has drawn, and prints it in any case.
(() => {
  const host = document.getElementById('live-timeline');
  const source = document.getElementById('timeline-data');
  for (const button of document.querySelectorAll('button[data-copy]')) enableCopy(button);
  if (host === null || source === null || typeof uPlot === 'undefined') return;

  const data = JSON.parse(source.textContent);
  const seconds = data.atMs.map((ms) => ms / 1000);
  const endSec = data.spanMs / 1000;
  const positive = (values) => values.map((value) => (value === null || value <= 0 ? null : value));
  const rate = (value) => `${Math.round(value).toLocaleString('en-US')}/s`;
  const count = (value) => Math.round(value).toLocaleString('en-US');
  const ms = (value) =>
    value >= 1000 ? `${Number((value / 1000).toFixed(2))} s` : `${value.toFixed(value < 10 ? 2 : 1)} ms`;

  const { laneCount, drawBands, drawMarks, faultName } = gauntletPainter(data, color);
  const rejects = data.rejected.some((value) => value > 0);

  const plots = [
    {
      title: 'Throughput',
      height: 220,
      log: false,
      limits: data.limits.throughput,
      tick: (value) => value.toLocaleString('en-US'),
      lines: [
        { label: 'delivered', values: data.delivered, color: '--accent', dash: [], format: rate, show: true },
        { label: 'offered', values: data.offered, color: '--muted', dash: [6, 4], format: rate, show: true },
        { label: 'accepted', values: data.accepted, color: '--c1', dash: [8, 3], format: rate, show: false },
        { label: 'rejected', values: data.rejected, color: '--fail', dash: [10, 3, 2, 3], format: rate, show: rejects },
        { label: 'in flight', values: data.inFlight, color: '--c2', dash: [2, 2], format: count, show: false },
      ],
    },
    {
      title: 'End-to-end latency',
      height: 260,
      log: true,
      limits: data.limits.latency,
      tick: (value) => (value >= 1000 ? `${value / 1000} s` : `${Number(value.toPrecision(3))} ms`),
      lines: [
        { label: 'p99', values: positive(data.p99), color: '--accent', dash: [], format: ms, show: true },
        { label: 'p50', values: positive(data.p50), color: '--c1', dash: [8, 3], format: ms, show: true },
        { label: 'max', values: positive(data.max), color: '--muted', dash: [2, 3], format: ms, show: true },
        { label: 'generator lag', values: positive(data.lagMax), color: '--c2', dash: [4, 2], format: ms, show: false },
      ],
    },
  ];

  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  const logToggle = element('button', { type: 'button', textContent: 'Logarithmic latency', onclick: toggleLog });
  const reset = element('button', { type: 'button', textContent: 'Whole run', onclick: () => zoomTo(0, endSec) });
  const hint = element('span', {
    className: 'muted',
    textContent: 'Drag to zoom, double-click for all. Keys: ← → move, + − zoom, 0 all.',
  });
  const readout = element('output', { className: 'readout' });
  const charts = element('div', { tabIndex: 0, onkeydown: onKey });
  charts.setAttribute('role', 'application');
  charts.setAttribute('aria-label', 'Timeline. Arrow keys move through time, plus and minus zoom, 0 shows all.');
  host.append(element('div', { className: 'toolbar' }, logToggle, reset, hint));
  host.append(...plots.map(legendOf), charts, readout);
  host.hidden = false;
  document.documentElement.classList.add('js');

  let live = [];
  let index = null;
  let zooming = false;
  draw();
  new ResizeObserver(() => {
    for (const chart of live) chart.setSize({ width: charts.clientWidth, height: chart.height });
  }).observe(charts);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);

  function draw() {
    const shown = live[0] === undefined ? [0, endSec] : [live[0].scales.x.min, live[0].scales.x.max];
    for (const chart of live) chart.destroy();
    live = plots.map((plot, i) => new uPlot(optionsOf(plot, i), [seconds, ...plot.lines.map((l) => l.values)], charts));
    logToggle.setAttribute('aria-pressed', String(plots[1].log));
    zoomTo(shown[0], shown[1]);
    say();
  }

  function color(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function optionsOf(plot, i) {
    const axis = { stroke: color('--muted'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false } };
    const font = '12px system-ui, sans-serif';
    return {
      width: charts.clientWidth || 800,
      height: plot.height,
      padding: [i === 0 ? 26 + 18 * laneCount() : 14, 24, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: 'gauntlet-timeline' }, drag: { x: true, y: false }, points: { size: 7 } },
      scales: {
        x: { time: false, range: (_, min, max) => [Math.max(0, min ?? 0), Math.min(endSec, max ?? endSec)] },
        y: plot.log ? { distr: 3, log: 10 } : { range: (_, __, max) => [0, Math.max(top(plot), max ?? 0) * 1.08 || 1] },
      },
      axes: [
        { ...axis, font, size: 32, values: (_, splits) => splits.map((value) => `${Number(value.toFixed(2))} s`) },
        {
          ...axis,
          font,
          size: 68,
          grid: { ...axis.grid, filter: (_, splits) => splits.map((value) => (labelled(plot, value) ? value : null)) },
          values: (_, splits) => splits.map((value) => (value === null ? '' : plot.tick(value))),
        },
      ],
      series: [
        {},
        ...plot.lines.map((line) => ({
          label: line.label,
          stroke: color(line.color),
          width: line.dash.length === 0 ? 1.8 : 1.4,
          dash: line.dash,
          show: line.show,
          points: { show: false },
        })),
      ],
      hooks: {
        drawClear: [(chart) => drawBands(chart, i === 0)],
        draw: [(chart) => drawMarks(chart, plot, i)],
        setCursor: [
          (chart) => {
            if (chart.cursor.idx === index || chart.cursor.idx === undefined) return;
            index = chart.cursor.idx;
            say();
          },
        ],
        setScale: [
          (chart, key) => {
            if (key === 'x' && !zooming) zoomTo(chart.scales.x.min, chart.scales.x.max);
          },
        ],
      },
    };
  }

  function top(plot) {
    return plot.limits.reduce((most, limit) => Math.max(most, limit.value), 0);
  }

  function labelled(plot, value) {
    return !plot.log || Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
  }

  function legendOf(plot, i) {
    const boxes = plot.lines.map((line, n) => {
      const sample = element('span', { className: 'sample' });
      sample.style.borderColor = `var(${line.color})`;
      sample.style.borderTopStyle = line.dash.length === 0 ? 'solid' : line.dash[0] > 4 ? 'dashed' : 'dotted';
      const box = element('input', { type: 'checkbox', checked: line.show });
      box.addEventListener('change', () => {
        line.show = box.checked;
        live[i].setSeries(n + 1, { show: box.checked });
        say();
      });
      return element('label', {}, box, sample, line.label);
    });
    return element('div', { className: 'toolbar' }, element('strong', { textContent: plot.title }), ...boxes);
  }

  function say() {
    if (index === null || seconds[index] === undefined) {
      readout.textContent = 'Point at the timeline, or focus it and use the arrow keys, for exact values.';
      return;
    }
    const fromMs = data.atMs[index];
    const toMs = fromMs + data.stepMs;
    const within = (one) => one.fromMs < toMs && one.toMs > fromMs;
    const figures = plots.flatMap((plot) =>
      plot.lines
        .filter((line) => line.show)
        .map((line) => `${line.label} ${line.values[index] == null ? '–' : line.format(line.values[index])}`),
    );
    const parts = [
      `${(fromMs / 1000).toFixed(1)} s`,
      ...data.phases.filter(within).map((phase) => `phase ${phase.name}`),
      ...data.faults.filter(within).map((fault) => `fault ${faultName(fault)}`),
      ...figures,
      ...data.events.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).map(({ text }) => `◆ ${text}`),
    ];
    readout.textContent = parts.join('  ·  ');
  }

  function zoomTo(min, max) {
    if (zooming || !(max > min)) return;
    zooming = true;
    for (const chart of live) chart.setScale('x', { min, max });
    // uPlot applies scales in a microtask and then calls the hook: the guard has to outlive that.
    setTimeout(() => {
      zooming = false;
    });
  }

  function toggleLog() {
    plots[1].log = !plots[1].log;
    draw();
  }

  function onKey(event) {
    const { min, max } = live[0].scales.x;
    const span = max - min;
    const centre = index === null ? (min + max) / 2 : seconds[index];
    const zoomBy = (factor) => {
      const half = Math.max((span * factor) / 2, (data.stepMs / 1000) * 4);
      zoomTo(Math.max(0, centre - half), Math.min(endSec, centre + half));
    };
    const step = event.shiftKey ? 10 : 1;
    const last = seconds.length - 1;
    const keys = {
      ArrowLeft: () => moveTo((index ?? last + 1) - step),
      ArrowRight: () => moveTo((index ?? -1) + step),
      Home: () => moveTo(0),
      End: () => moveTo(last),
      '+': () => zoomBy(0.5),
      '=': () => zoomBy(0.5),
      '-': () => zoomBy(2),
      0: () => zoomTo(0, endSec),
    };
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  function moveTo(wanted) {
    readout.setAttribute('aria-live', 'polite');
    index = Math.min(Math.max(wanted, 0), seconds.length - 1);
    for (const chart of live) {
      chart.setCursor({ left: chart.valToPos(seconds[index], 'x'), top: chart.over.clientHeight / 2 }, false);
    }
    say();
  }

  function enableCopy(button) {
    if (navigator.clipboard === undefined) return;
    button.hidden = false;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = 'Copied';
    });
  }
})();
