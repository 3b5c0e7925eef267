// The live timeline: inlined into the page as a classic script after uPlot, which it finds as a global. The page shows
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

  /** Faults that overlap in time get lanes of their own. */
  function lanes() {
    const ends = [];
    return data.faults.map((fault) => {
      const free = ends.findIndex((end) => end <= fault.fromMs);
      const lane = free === -1 ? ends.length : free;
      ends[lane] = Math.max(fault.toMs, fault.fromMs + data.spanMs / 5);
      return lane;
    });
  }

  function laneCount() {
    return data.faults.length === 0 ? 0 : 1 + Math.max(...lanes());
  }

  function drawBands(chart, labels) {
    const { ctx, bbox } = chart;
    const ratio = uPlot.pxRatio;
    const at = (value) =>
      Math.min(Math.max(chart.valToPos(value / 1000, 'x', true), bbox.left), bbox.left + bbox.width);
    ctx.save();
    ctx.font = `600 ${12 * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = 'middle';
    data.phases.forEach((phase, i) => {
      const [from, to] = [at(phase.fromMs), at(phase.toMs)];
      if (to <= from) return;
      if (labels) {
        ctx.fillStyle = color(i % 2 === 0 ? '--accent-soft' : '--panel');
        ctx.fillRect(from, 0, to - from, 20 * ratio);
        ctx.fillStyle = color('--text');
        fitText(ctx, phase, from, to, 10 * ratio);
      }
      ctx.fillStyle = color('--line');
      if (i > 0) ctx.fillRect(from, bbox.top, ratio, bbox.height);
    });
    const laneOf = lanes();
    data.faults.forEach((fault, i) => {
      const [from, to] = [at(fault.fromMs), Math.max(at(fault.toMs), at(fault.fromMs) + 2 * ratio)];
      if (from >= bbox.left + bbox.width || to <= bbox.left + ratio * 2) return;
      const y = labels ? (24 + 18 * laneOf[i]) * ratio : bbox.top;
      ctx.fillStyle = color(fault.tookHold ? '--fault-soft' : '--unsure-soft');
      ctx.fillRect(from, y, to - from, bbox.top + bbox.height - y);
      ctx.fillStyle = color(fault.tookHold ? '--fault' : '--unsure');
      ctx.fillRect(from, y, to - from, 3 * ratio);
      if (!labels) return;
      const text = `${fault.tookHold ? '⚡' : '✕'} ${faultName(fault)}`;
      const right = from + ctx.measureText(text).width + 6 * ratio > bbox.left + bbox.width;
      ctx.textAlign = right ? 'right' : 'left';
      ctx.fillText(text, right ? to - 4 * ratio : from + 4 * ratio, y + 11 * ratio);
      ctx.textAlign = 'left';
    });
    ctx.restore();
  }

  function drawMarks(chart, plot, i) {
    const { ctx, bbox } = chart;
    const ratio = uPlot.pxRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top - 14 * ratio, bbox.width, bbox.height + 14 * ratio);
    ctx.clip();
    ctx.font = `${11.5 * ratio}px system-ui, sans-serif`;
    ctx.strokeStyle = ctx.fillStyle = color('--fail');
    ctx.lineWidth = 1.4 * ratio;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    for (const limit of plot.limits) {
      const y = chart.valToPos(limit.value, 'y', true);
      let right = bbox.left;
      for (const { fromMs, toMs } of limit.spans) {
        ctx.beginPath();
        ctx.moveTo(chart.valToPos(fromMs / 1000, 'x', true), y);
        right = Math.min(chart.valToPos(toMs / 1000, 'x', true), bbox.left + bbox.width);
        ctx.lineTo(right, y);
        ctx.stroke();
      }
      if (right <= bbox.left) continue;
      ctx.textAlign = 'right';
      ctx.fillText(
        limit.label,
        Math.max(right - 4 * ratio, bbox.left + ctx.measureText(limit.label).width + 4 * ratio),
        y + (limit.floor ? 14 : -5) * ratio,
      );
    }
    ctx.setLineDash([]);
    ctx.fillStyle = color('--text');
    for (const event of i === 1 ? data.events : []) {
      const x = chart.valToPos(event.atMs / 1000, 'x', true);
      const y = bbox.top + bbox.height - 6 * ratio;
      ctx.beginPath();
      ctx.moveTo(x, y - 5 * ratio);
      ctx.lineTo(x + 5 * ratio, y);
      ctx.lineTo(x, y + 5 * ratio);
      ctx.lineTo(x - 5 * ratio, y);
      ctx.fill();
    }
    ctx.restore();
  }

  function fitText(ctx, phase, from, to, y) {
    const gap = 8 * uPlot.pxRatio;
    let shown = phase.measure ? phase.name : `${phase.name} (not measured)`;
    if (ctx.measureText(shown).width > to - from - gap) shown = phase.name;
    while (shown.length > 2 && ctx.measureText(shown).width > to - from - gap) shown = `${shown.slice(0, -2)}…`;
    if (shown.length <= 2) return;
    ctx.textAlign = 'center';
    ctx.fillText(shown, (from + to) / 2, y);
    ctx.textAlign = 'left';
  }

  function faultName(fault) {
    return fault.id.startsWith(fault.kind) ? fault.id : `${fault.id} · ${fault.kind}`;
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
