"""Texts of the report that do not depend on which way the numbers point."""

TEXTS = {
    "model": (
        "An Almost-Linear RNN (AL-RNN) was fitted to {explained}: a recurrent network in which "
        "only P of the M latents are rectified. Which of these P units are on decides which linear "
        "map moves the latents on; each such pattern is a <em>regime</em>, and a change of pattern "
        "a <em>switch</em>. With P = 0 the network is linear and has one regime. <strong>Whole "
        "groups of subjects or sessions were held out, and everything below is about held-out "
        "trials.</strong>"
    ),
    "scores": (
        "Every scored trial was predicted once, by a network that never saw its group. The best "
        "score is that of <strong>{best}</strong>. AL-RNN is the network with the P chosen inside "
        "each fold."
    ),
    "calibration": (
        "A probability can be taken at its word where options predicted with 70 % are chosen on "
        "70 % of trials. Slope and intercept are those of a logistic regression of the choice on "
        "the log odds predicted: 1 and 0 are perfect, a slope below 1 says too sure, above 1 too "
        "cautious."
    ),
    "stability": (
        "Other restarts of the same training, and networks trained on other folds, might divide "
        "the same trials differently. At the chosen P, restarts of a fold differ by {middle} nats "
        "per trial on validation subjects in the median over folds ({most} at most), the final "
        "networks by {training} on their training subjects."
    ),
    "one_restart": "Networks trained on other folds might divide the same trials differently.",
    "stability_units": (
        "PWL units of the chosen networks, matched to those of the other restarts by the "
        "correlation of their latents on held-out trials (median and lowest over restarts). A "
        "statement about one unit needs correlations close to 1."
    ),
    "regimes": (
        "Held-out steps visit {regimes}, numbered from 0 by how often they occur. The regime of a "
        "step decides the map to the next step."
    ),
    "mean_dwell_times": (
        "Mean length of a visit in steps, pooled over subjects: of the visits that were not cut "
        "(naive), by Kaplan-Meier, and 1 / (1 - probability of staying), which agrees where "
        "leaving does not depend on how long the visit has lasted."
    ),
    "one_regime": (
        "<strong>All held-out steps lie in one regime</strong>: the chosen networks act linearly "
        "on these data, so there are no switches and there is nothing to show here."
    ),
    "mechanism": (
        "Inside a regime the network is linear, so what it does with each input can be read off "
        "exactly. What it <em>uses</em> is found by intervention: the network of each fold is "
        "changed, nothing is trained again, and the log-likelihood of its test subjects is scored "
        "once more. Whether the task needs what the network uses is another question: other units "
        "may learn to stand in (<code>neuroalrnn.retrain_without_units</code>). Units are "
        "ranked on training subjects; units and regimes of different folds belong to different "
        "networks."
    ),
    "no_mechanism": (
        "The fit was not taken apart here; <code>neuroalrnn report FIT.nc --out DIR</code> does it."
    ),
    "shared_orders": (
        " {where} a stimulus order counts once: the {n_subjects} subjects share {orders}, and one "
        "subject stands for each."
    ),
    "dependence": (
        "The {n_subjects} subjects share {orders}: subjects of one order see the same inputs "
        "through the same network, and have the same regimes where only these are inputs. "
        "Standard errors over such subjects are too small."
    ),
}
CAPTIONS = {
    "state_space": (
        "Fold {fold}: example trials in the plane of the first two principal components, coloured "
        "by regime, white dots where they start. Arrows: the next step under the mean input of "
        "the first step of a trial, held constant; discs are fixed points (filled: real, open: "
        "virtual; diamonds: unstable); numbered lines are boundaries z = 0 of PWL units."
    ),
    "gains": (
        "Fold {fold}: what one unit of an input adds to the read-out (log odds) so many steps "
        "later, by the regime in which the input comes; bands are one standard deviation over "
        "paths, dashed lines what it would be if the regime stayed. Small changes: larger ones "
        "may switch a unit."
    ),
    "selection": (
        "Fold {fold}: how much of each input the slowest mode of each regime takes up, and at the "
        "right how well the read-out sees that mode (1: all of it)."
    ),
    "ablation": (
        "Held-out cost of replacing a PWL unit at one epoch or at all (nats per trial, mean over "
        "subjects; red: used; hatched: q not below .05). Affine: by its best straight line, so "
        "that only the bend is missing; zero: by nothing."
    ),
    "greedy": (
        "Held-out cost of replacing 1, 2, ... units together, the least needed first (order found "
        "on training subjects); means over subjects with standard errors."
    ),
    "triggered": (
        "Outcomes in the trials around a switch of the regime that decides the choice; dotted and "
        "shaded: mean and 95 % band of circular shifts within the session; filled: q &lt; .05 over "
        "the lags of the outcome. "
        "What goes together need not cause each other: an input may do both."
    ),
    "overview": (
        "Overview. (a) Held-out score of every model; faint dots are subjects. (b) Score against "
        "P. (c) Regimes of an example session; above each row the rule, x marks errors. (d) "
        "Switches. (e) Eigenvalues of each regime in one fold. (f) The outcome with the clearest "
        "effects; n subjects, q after Benjamini-Hochberg within it, filled where q &lt; .05."
    ),
    "scores": (
        "Left: held-out log-likelihood; large symbols are means over trials with the standard "
        "error over subjects, faint dots are subjects. Right: each model minus the AL-RNN, paired "
        "over subjects, with 95 % intervals; arrows give differences that lie outside the axis. "
        "Squares are baselines, the diamond is the linear control."
    ),
    "comparison": (
        "Each model minus the reference, the best model that is no AL-RNN if there is one; dots "
        "are subjects, symbols their mean with the 95 % interval (t). Bold: the best model, and "
        "those within one standard error of the paired difference to it. Better in: subjects in "
        "which the model beats the reference. Best in: subjects in which it is the best of all, "
        "ties shared. q is Benjamini-Hochberg over all comparisons of the table. Arrows give "
        "differences that lie outside the axis."
    ),
    "calibration": (
        "Share of choices against predicted probability of held-out trials, in bins with equally "
        "many trials, on axes in log odds; bands are 95 % over resampled subjects, at least as "
        "wide as for independent trials. Dashed: perfect calibration. Below: slope with its 95 % "
        "interval."
    ),
    "stability": (
        "Agreement of pairs of networks about regimes: restarts of one fold about its held-out "
        "trials (blue) and the chosen networks of two folds about all trials (orange). Bars are "
        "medians, grey ticks the same pairs after circular shifts of one by whole trials within "
        "sessions. Dotted: 0.5 and 0.8."
    ),
    "score_by_n_pwl": (
        "Mean over subjects (left), and difference to the best P with its paired standard error "
        "over subjects (right). In brackets: folds that chose this P."
    ),
    "learning_curves": (
        "Score on validation (blue) and training (orange) subjects of the inner parts, at the "
        "chosen P, for at most twelve folds. Bold is the restart that was kept, the ring the "
        "number of updates. The first steep rise is cut."
    ),
    "regime_raster": (
        "Session {session} of subject {subject}, whose score is the median. Columns are trials, "
        "lines within a row are the steps of the task in order."
    ),
    "occupancy": (
        "Share of steps in each regime, mean over subjects; whiskers are standard errors of each "
        "part."
    ),
    "dwell_times": (
        "Visits to a regime that last at least so many steps: Kaplan-Meier curves over the visits "
        "of all subjects, of which {edge} % are cut by the end of a sequence and count as long as "
        "they were observed. A curve ends where fewer than 10 visits are left. A description "
        "without errors: visits are not replicates."
    ),
    "transitions": (
        "Probability of the regime at the next step, given the one at this step; rows sum to 1, "
        "mean over subjects, staying included. Empty: below 0.005."
    ),
    "agreement": (
        "Agreement of the networks of two folds about the same trials; 1 is identity, 0 is chance."
    ),
    "switch_probability": (
        "Probability that the regime differs from that of the step before. Faint dots are subjects."
    ),
    "locked_switches": (
        "Probability that the regime before the choice differs from that on the trial before, "
        "around changes of {rule}. Grey: where the mean over subjects would lie in 95 % of cases "
        "if switches ignored the changes. Lags other than 0 are not tested."
    ),
    "occupancy_trend": (
        "Share of steps in each regime against trial number, mean over subjects with a band of one "
        "standard error. A drift over the whole session makes regimes and anything else that "
        "drifts look related; ups and downs with the blocks of the task do not count as a drift."
    ),
    "spectra": (
        "Eigenvalues of the linear map of each regime that held-out trials visit; the area of a "
        "symbol is the share of steps. Inside the unit circle a mode decays; off the real axis it "
        "rotates. At most six folds are shown, those with most held-out steps first."
    ),
    "behaviour": (
        "Difference with against without, holding constant the stimuli of two trials, all inputs "
        "of the trial before, the first trials after a reset of the state, and slow trends; mean "
        "over subjects with 95 % intervals; n subjects, q after Benjamini-Hochberg within the "
        "outcome; filled where q &lt; .05. "
        "Intervals far longer than the others are cut at the edge."
    ),
}
FOOTNOTES = {
    "mechanism": (
        "Costs are tested over subjects (t), all cells of the map one family (Benjamini-Hochberg); "
        "subjects who share a stimulus order share inputs and network, and count once, by their "
        "mean. Intervals take the networks as given. Log-likelihoods below log 1e-12 count as "
        "that. Tables <code>mechanism_*.csv</code> hold fixed points, attractors, exponents, "
        "growth, horizons "
        "and entropies of all folds."
    ),
    "scores": (
        "The unit of inference is the subject: trials, sessions, folds and restarts are not "
        "replicates. Comparisons are t-tests on one difference per subject. The {n_tests} "
        "comparisons with the AL-RNN are not corrected for their number; q of the table is, over "
        "all comparisons with the reference and with the best model. These two were chosen by the "
        "same scores, which favours them. Intervals come from t: those from resampled subjects, in "
        "the saved table, hold the truth in 91 % instead of 95 % of cases with 12 subjects and in "
        "87 % with 6. Bits are gained over the frequency of each choice in the "
        "training subjects. Accuracy alone hides how sure a model was."
    ),
    "calibration": (
        "The unit of inference is the subject: intervals treat subjects as clusters, corrected "
        "for their number (CR2, Satterthwaite degrees of freedom). Trials are pooled: "
        "subjects who are predicted too surely and too cautiously may cancel. The calibration "
        "error is the mean distance of a bin from the diagonal, and by chance what it would be if "
        "choices were drawn from the predictions. The "
        "Brier score is the mean squared distance of the probability from the choice. With more "
        "than two options each is set against the rest."
    ),
    "score_by_n_pwl": (
        "The unit of inference is the subject: trials, sessions, folds and restarts are not "
        "replicates. P was chosen inside each fold by the one-standard-error rule: the smallest P "
        "whose validation score lies within one standard error, that of the paired difference to "
        "the best, of the best. It is a convention, not a test. Test scores are shown for "
        "information and chose nothing. A validation subject is scored by several networks, of "
        "all folds that did not test it."
    ),
    "learning_curves": (
        "Training length and restart were chosen on validation subjects, never on test subjects."
    ),
    "regimes": (
        "The unit of inference is the subject: trials, sessions, folds and restarts are not "
        "replicates. Labels of the folds were matched by overlap on all trials, without looking "
        "at scores. Occupancy by condition is a description: inputs drive regimes, so that a "
        "dependence on conditions is expected. Regimes are called not reproducible below a median "
        "adjusted Rand index of 0.5, across restarts or across folds, and agree well from 0.8 on: "
        "conventions of this package. {dependence}"
    ),
    "switches": (
        "The unit of inference is the subject: trials, sessions, folds and restarts are not "
        "replicates. Within trials the null gives each trial the switches of another trial of the "
        "same subject, session, stimuli and length, from the same bin of at most 20 consecutive "
        "trials. Over trials it shifts switches against events "
        "within the session after slow trends are removed. The band holds 95 % of shifts at each "
        "lag by itself; the test is about lag 0. {dependence}"
    ),
    "spectra": (
        "An eigenvalue describes the network as long as it stays in the regime; with visits of a "
        "few steps, slow modes are not played out. Time constants are in steps of the encoding."
    ),
    "behaviour": (
        "The unit of inference is the subject: trials, sessions, folds and restarts are not "
        "replicates. The regime is that of the step before the choice is read out, computed by a "
        "network that never saw the subject, from inputs up to that step. An association is not a "
        "cause: what drives the regime may drive behaviour by another way. An effect over fewer "
        "than six subjects is not tested. {dependence}"
    ),
}
LIMITS = (
    (
        "A regime is a property of a network that predicts choices. It is not a brain state, and "
        "another network may predict as well with other regimes."
    ),
    (
        "A better score says that choices can be predicted, not that subjects compute as the "
        "network does."
    ),
    (
        "Held-out subjects come from the same experiment; nothing is said about other tasks or "
        "laboratories."
    ),
    (
        "Intervals and p-values are over subjects of this sample; networks of different folds "
        "share most of their training data."
    ),
    (
        "Trends that are held constant are polynomials in trial number. Where all subjects change "
        "within a few trials, as at a step, tests of regimes against behaviour reject too often."
    ),
)
CITATIONS = (
    (
        "Model: Brenner M et al. (2024). Almost-Linear RNNs yield highly interpretable symbolic "
        "codes in dynamical systems reconstruction. Advances in Neural Information Processing "
        "Systems."
    ),
    (
        "Number of PWL units: Brenner M, Koppe G (2026). Uncovering the computational roles of "
        "nonlinearity in sequence modeling using almost-linear RNNs. Transactions on Machine "
        "Learning Research."
    ),
)
