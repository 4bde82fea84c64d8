#' ---
#' title: Making teams
#' korean: K-평균과 계층 군집으로 팀 만들기
#' shows: Twenty people answer ten questions (simulated); k-means splits them in two, trees split
#'   the halves into five teams.
#' api: py_import("sklearn.cluster"), hclust, prcomp
#' rows: S1-8
#' ---

library(torchbridge)
library(ggplot2)

#' The survey is simulated: four tastes, answers from 1 to 5.

set.seed(46)
taste <- rep(1:4, each = 5)
centres <- matrix(runif(40, 1.5, 4.5), 4)
answers <- round(pmin(pmax(centres[taste, ] + rnorm(200, sd = 0.6), 1), 5))
dimnames(answers) <- list(sprintf("member %02d", 1:20), paste0("q", 1:10))
answers[1:3, ]

#' ## Halves, then teams

halves <- py_import("sklearn.cluster")$KMeans(n_clusters = 2L, n_init = 10L, random_state = 46L)
half <- halves$fit_predict(unname(answers))
split_half <- function(members, teams) cutree(hclust(dist(answers[members, ]), "complete"), teams)
team <- integer(20)
sizes <- if (sum(half == 0) >= 10) c(3, 2) else c(2, 3)
team[half == 0] <- split_half(half == 0, sizes[1])
team[half == 1] <- split_half(half == 1, sizes[2]) + sizes[1]
table(team)

#' SciPy's tree of the larger half is the same, whatever it calls its teams.

larger <- half == names(which.max(table(half)))
hierarchy <- py_import("scipy.cluster.hierarchy")
by_python <- hierarchy$fcluster(
  hierarchy$linkage(unname(answers[larger, ]), "complete"), t = 3L, criterion = "maxclust"
)
table(r = split_half(larger, 3), python = by_python)

#+ teams, fig.alt = "Members on two principal components of their answers, coloured by team"
scores <- data.frame(prcomp(answers)$x[, 1:2], team = factor(team))
ggplot(scores, aes(PC1, PC2, colour = team)) +
  geom_point(size = 3) +
  labs(title = "Five teams", colour = "Team")
